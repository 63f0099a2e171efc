// <a href="…" data-dialog-page="id" data-title="…"> shows the element of that id from the linked page in a dialog:
// the ways to cite. Fetched when asked for, once; when it can't be, the link is followed.
function build(opener, content) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.innerHTML = '<div class="dialog-head"><h2></h2><button type="button" class="button button-quiet button-sm" data-close></button></div><div class="dialog-body"></div>';
  dialog.querySelector("[data-close]").textContent = word("Close");
  const title = dialog.querySelector("h2");
  title.textContent = opener.dataset.title;
  title.id = `${opener.dataset.dialogPage}-title`;
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.lastElementChild.append(content);
  dialog.addEventListener("close", () => opener.focus());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
  document.body.append(dialog);
  return dialog;
}

async function fetched(opener) {
  const answer = await fetch(opener.href);
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return document.adoptNode(page.getElementById(opener.dataset.dialogPage));
}

for (const opener of document.querySelectorAll("a[data-dialog-page]")) {
  let dialog;
  opener.setAttribute("aria-haspopup", "dialog");
  opener.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    try {
      dialog ??= build(opener, await fetched(opener));
      dialog.showModal();
    } catch {
      location.assign(opener.href);
    }
  });
}
