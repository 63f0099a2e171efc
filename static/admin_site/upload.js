// The import form: files are sent with a bar that shows how much has arrived. Without scripts it is an ordinary form.
const megabytes = (bytes) => (bytes / 1048576).toFixed(1);

function send(form) {
  const panel = form.querySelector("[data-upload-progress]");
  const words = panel.querySelector("[data-upload-words]");
  const bar = panel.querySelector("progress");
  const submit = form.querySelector("[type=submit]");
  const request = new XMLHttpRequest();
  const stopped = (text) => {
    submit.disabled = false;
    bar.hidden = stop.hidden = true;
    words.textContent = text;
  };
  const stop = panel.querySelector("[data-upload-stop]");
  stop.onclick = () => request.abort();
  request.upload.onprogress = ({ loaded, total }) => {
    bar.value = loaded / total;
    words.textContent =
      loaded < total ? `${megabytes(loaded)} of ${megabytes(total)} MB uploaded` : "Uploaded. The files are being stored.";
  };
  request.onload = () => {
    if (request.status === 200 && request.responseURL !== location.href) location.assign(request.responseURL);
    else if (request.status === 200) show(request.responseText);
    else stopped(`The server did not take the files (error ${request.status}). Nothing was imported.`);
  };
  request.onerror = () => stopped("The connection broke. Nothing was imported; try again.");
  request.onabort = () => stopped("Stopped. Nothing was imported.");
  panel.hidden = bar.hidden = stop.hidden = false;
  submit.disabled = true;
  request.open("POST", location.href);
  request.send(new FormData(form));
}

// Refused: the server's page says why.
function show(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  document.querySelector("#content-main").replaceWith(page.querySelector("#content-main"));
  document.querySelector(".errorlist")?.scrollIntoView({ block: "center" });
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-upload]");
  if (!form || !form.querySelector("[type=file]").files.length) return; // with nothing chosen the server says so
  event.preventDefault();
  send(form);
});
