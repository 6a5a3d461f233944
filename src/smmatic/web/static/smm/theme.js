// Runs before the first paint: the page never flashes in the wrong colours.
(function () {
  "use strict";
  var root = document.documentElement, dark = window.matchMedia("(prefers-color-scheme: dark)");
  function wanted() { try { return localStorage.getItem("theme") || "system"; } catch (e) { return "system"; } }
  function apply() {
    var theme = wanted();
    root.setAttribute("data-bs-theme", theme === "system" ? (dark.matches ? "dark" : "light") : theme);
    root.setAttribute("data-theme-choice", theme);
  }
  root.classList.add("js");
  apply();
  dark.addEventListener("change", apply);
  window.smmTheme = { wanted: wanted, set: function (theme) { try { localStorage.setItem("theme", theme); } catch (e) { /* private mode: this page only */ } apply(); } };
})();
