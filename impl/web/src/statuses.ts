/** Shows the statuses that have all of the words in their slug or message. The page can be read without it. */
const search = document.querySelector<HTMLFormElement>("#search")!;
const words = document.querySelector<HTMLInputElement>("#words")!;
const found = document.getElementById("found")!;
const groups = [...document.querySelectorAll<HTMLElement>(".group")];

function show(): void {
  const wanted = words.value.toLowerCase().split(/\s+/);
  let shown = 0;
  for (const group of groups) {
    const rows = [...group.querySelectorAll<HTMLElement>("dl > div")];
    for (const row of rows) {
      const text = row.textContent!.toLowerCase().replaceAll("\u2011", "-");
      row.hidden = !wanted.every((word) => text.includes(word));
      if (!row.hidden) shown++;
    }
    group.hidden = rows.every((row) => row.hidden);
  }
  found.textContent = words.value.trim() && (shown === 1 ? "1 status" : `${shown} statuses`);
}

search.hidden = false;
search.addEventListener("input", show);
search.addEventListener("submit", (event) => event.preventDefault());
show(); // a browser that goes back keeps what was typed
