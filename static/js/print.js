// <button data-print-page> prints; before printing, closed disclosures open so that the sheet is whole.
for (const button of document.querySelectorAll("[data-print-page]")) {
  button.addEventListener("click", () => print());
}

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("main details.disclosure:not([open]), main details.more-authors:not([open])")];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});
