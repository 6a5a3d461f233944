// Single keys of the desk. [data-key="n"] is pressed by n; with data-key-focus it is only focused, so that nothing is
// decided by one key. Keys do nothing while somebody types, and can be switched off on this device.
(function () {
  "use strict";
  var doc = document, dialog = doc.getElementById("keys");
  if (!dialog) return;
  var list = dialog.querySelector("[data-keys]"), box = dialog.querySelector("[data-keys-on]");
  function on() { try { return localStorage.getItem("smm-keys") !== "off"; } catch (e) { return true; } }
  box.checked = on();
  box.addEventListener("change", function () {
    try { localStorage.setItem("smm-keys", box.checked ? "on" : "off"); } catch (e) { /* a private window keeps nothing */ }
  });
  function row(key, words) {
    var dt = doc.createElement("dt"), kbd = doc.createElement("kbd"), dd = doc.createElement("dd");
    kbd.textContent = key; dt.appendChild(kbd); dd.textContent = words;
    list.appendChild(dt); list.appendChild(dd);
  }
  function help() {
    list.textContent = "";
    row("?", list.getAttribute("data-word-help"));
    row("Ctrl K", list.getAttribute("data-word-search"));
    row("j / k", list.getAttribute("data-word-list"));
    var seen = {};
    Array.prototype.forEach.call(doc.querySelectorAll("[data-key]"), function (node) {
      var key = node.getAttribute("data-key");
      if (!seen[key]) { seen[key] = true; row(key, node.getAttribute("data-key-word") || node.textContent.trim()); }
    });
    dialog.showModal();
  }
  function step(by) {
    var rows = Array.prototype.slice.call(doc.querySelectorAll("[data-list] a.desk-row"));
    if (!rows.length) return;
    var at = rows.indexOf(doc.activeElement);
    rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))].focus();
  }
  doc.addEventListener("keydown", function (event) {
    var key = event.key;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && key.toLowerCase() === "k") {
      event.preventDefault(); location.href = list.getAttribute("data-search"); return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target.type !== "checkbox" && event.target.type !== "radio") return;
    if (key === "?") { event.preventDefault(); help(); return; }
    if (!on()) return;
    if (key === "j" || key === "k") { event.preventDefault(); step(key === "j" ? 1 : -1); return; }
    var node = key.length === 1 && /[a-z]/.test(key) ? doc.querySelector('[data-key="' + key + '"]') : null;
    if (!node) return;
    event.preventDefault();
    if (node.hasAttribute("data-key-focus")) {
      var hidden = node.closest("details"); if (hidden) hidden.open = true;
      node.focus(); node.scrollIntoView({ block: "center" });
    } else { node.click(); }
  });
})();
