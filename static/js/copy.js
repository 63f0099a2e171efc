// <button data-copy="id"> copies the text of that element, <button data-copy-text="…"> its own; the button says that it did.
// Listens on the document, so that it serves what comes later, as a dialog's content.
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const text = button.dataset.copyText ?? source.textContent;
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = (label.dataset.before ??= label.textContent);
  label.setAttribute("aria-live", "polite");
  try {
    await navigator.clipboard.writeText(text.replace(/\s+/g, " ").trim());
    label.textContent = button.dataset.done ?? word("Copied");
  } catch {
    label.textContent = word("Press Ctrl+C");
    if (source) getSelection().selectAllChildren(source);
  }
  setTimeout(() => (label.textContent = before), 2500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copy], [data-copy-text]");
  if (button) copy(button);
});
