// <button data-print-page> prints; before printing, closed disclosures open so that the sheet is whole, and tables of
// many columns get a page across.
const MOST_UPRIGHT = 8; // columns

for (const button of document.querySelectorAll("[data-print-page]")) {
  button.addEventListener("click", () => print());
}

function columns(table) {
  return Math.max(0, ...[...table.rows].slice(0, 5).map((row) => [...row.cells].reduce((sum, cell) => sum + cell.colSpan, 0)));
}

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("main details.disclosure:not([open]), main details.more-authors:not([open])")];
  for (const details of opened) details.open = true;
  for (const figure of document.querySelectorAll("figure.table-wrap")) {
    const widest = Math.max(0, ...[...figure.querySelectorAll("table")].map(columns));
    figure.classList.toggle("print-wide", widest > MOST_UPRIGHT);
  }
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});
