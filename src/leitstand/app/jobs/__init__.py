"""The shelf of jobs: each module has `build(house) -> Job` and is found by its file."""
