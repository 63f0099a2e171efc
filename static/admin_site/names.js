// Django's forms and lists leave some fields without a name for those who do not see the page. Each gets one here:
// a field in a list (its row and its column), a chooser (its label), the head of an inline row, the icon of a filter.

function named(element, id) {
  element.id ||= id;
  return element.id;
}

function fieldsOfLists() {
  for (const cell of document.querySelectorAll("#result_list tbody td")) {
    const field = cell.querySelector("input:not([type=hidden]):not(.action-select), select, textarea");
    if (!field || field.labels?.length || field.hasAttribute("aria-label")) continue;
    const column = document.querySelectorAll("#result_list thead th")[cell.cellIndex]?.innerText.trim();
    const row = cell.parentElement.querySelector("th")?.innerText.trim();
    field.setAttribute("aria-label", [column, row].filter(Boolean).join(": "));
  }
}

function choosers() {
  for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
    const box = select.nextElementSibling?.querySelector("[role=combobox]");
    const label = select.labels[0];
    if (!box || !label || box.dataset.named) continue;
    box.dataset.named = "";
    box.querySelector("[role=textbox]")?.setAttribute("aria-label", label.innerText.replace(/:\s*$/, ""));
    const value = box.getAttribute("aria-labelledby") || "";
    box.setAttribute("aria-labelledby", `${named(label, `${select.id}_label`)} ${value}`.trim());
  }
}

function icons() {
  for (const icon of document.querySelectorAll(".selector span[aria-label]")) icon.setAttribute("role", "img");
  for (const head of document.querySelectorAll(".inline-group thead th:empty")) {
    const words = document.createElement("span");
    words.className = "visually-hidden";
    words.textContent = head.classList.contains("original") ? "Row" : "More";
    head.append(words);
  }
}

function all() {
  fieldsOfLists();
  choosers();
  icons();
}

// Django makes its choosers when jQuery is ready and its filters when the page has loaded, in this order.
window.django?.jQuery?.(all);
window.addEventListener("load", () => setTimeout(all));
document.addEventListener("formset:added", () => setTimeout(choosers));
