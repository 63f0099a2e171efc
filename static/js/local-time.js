// <time data-local datetime="…"> is told in the reader's own time zone; the zone is named.
let format; // made for the first one only: it takes longer than all other scripts together

for (const element of document.querySelectorAll("time[data-local]")) {
  const moment = new Date(element.dateTime);
  if (Number.isNaN(moment.getTime())) continue;
  format ??= new Intl.DateTimeFormat(document.documentElement.lang || "en", {
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
  });
  element.title = element.textContent.trim();
  element.textContent = format.format(moment);
}
