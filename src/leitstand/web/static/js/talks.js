// The list of conversations: searching it, Strg+K to get there.

/** Narrow the list while typing; works on whatever list htmx puts there later. */
export function followTalks() {
  const search = document.getElementById("suche");
  if (!search) return;
  const narrow = () => {
    const wanted = search.value.trim().toLocaleLowerCase();
    document.querySelectorAll("#talks li").forEach((item) => {
      item.hidden = !item.textContent.toLocaleLowerCase().includes(wanted);
    });
    document.querySelectorAll("#talks section").forEach((group) => {
      group.hidden = group.querySelector("li:not([hidden])") === null;
    });
    document.getElementById("suche-leer").hidden = document.querySelector("#talks li:not([hidden])") !== null;
  };
  search.addEventListener("input", narrow);
  document.addEventListener("htmx:afterSettle", narrow);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    const navigation = document.getElementById("navigation");
    if (getComputedStyle(navigation).display === "none") navigation.showPopover();
    search.focus();
    search.select();
  });
}
