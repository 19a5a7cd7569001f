// Panels that renew themselves (htmx): not while the page is hidden, and never under the pointer or the focus.

document.addEventListener("htmx:beforeRequest", (event) => {
  const panel = event.target;
  if (!panel.matches("[hx-trigger^='every']")) return;
  const held = panel.matches("[data-hold]") && (panel.matches(":hover") || panel.contains(document.activeElement));
  const open = panel.querySelector(":popover-open, details[open]") !== null;
  if (document.hidden || held || open) event.preventDefault();
});
