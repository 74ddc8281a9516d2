// Before the first paint: the theme that was chosen here, if one was. A file, for the page's policy allows no inline script.
try {
  const chosen = localStorage.getItem("sentrypulse:theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is forbidden: as the system.
}
