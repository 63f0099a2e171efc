// <button data-copy="id"> copies the text of that element, <button data-copy-text="…"> its own; the button says that it did.
async function copy(button) {
  const text = button.dataset.copyText ?? document.getElementById(button.dataset.copy).textContent;
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(text.replace(/\s+/g, " ").trim());
    label.textContent = button.dataset.done ?? "Copied";
  } catch {
    label.textContent = "Press Ctrl+C";
    const source = document.getElementById(button.dataset.copy);
    if (source) getSelection().selectAllChildren(source);
  }
  setTimeout(() => (label.textContent = before), 2500);
}

for (const button of document.querySelectorAll("[data-copy], [data-copy-text]")) {
  const label = button.querySelector("[data-copy-label]") ?? button;
  label.setAttribute("aria-live", "polite");
  button.addEventListener("click", () => copy(button));
}
