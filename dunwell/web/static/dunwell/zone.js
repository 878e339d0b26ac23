// Puts the browser's own time zone into a form that was not filled in yet.
for (const select of document.querySelectorAll("select[data-own-zone]")) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const pristine = !document.querySelector(".error-summary");
  if (pristine && [...select.options].some((option) => option.value === own)) select.value = own;
}
