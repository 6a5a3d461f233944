// Small helpers for server-rendered pages. Every page works without this file; nothing here decides anything.
(function () {
  "use strict";
  var doc = document, root = doc.documentElement, body = doc.body, lang = root.lang || "en";
  function word(name) { return body.getAttribute("data-word-" + name) || ""; }
  function each(scope, selector, fn) {
    if (scope.matches && scope.matches(selector)) fn(scope);
    Array.prototype.forEach.call(scope.querySelectorAll(selector), fn);
  }

  // Relative times: the absolute time stays in the title, and in the text without scripts.
  // Numbers, not 'tomorrow': 46 hours from now is no one's tomorrow.
  var relative = new Intl.RelativeTimeFormat(lang, { numeric: "always" });
  var steps = [["day", 86400], ["hour", 3600], ["minute", 60]];
  function ago(then) {
    var seconds = (then - Date.now()) / 1000;
    for (var i = 0; i < steps.length; i++) {
      if (Math.abs(seconds) >= steps[i][1]) return relative.format(Math[i ? "trunc" : "round"](seconds / steps[i][1]), steps[i][0]);
    }
    return seconds < 1 ? word("now") : relative.format(Math.ceil(seconds), "second");
  }
  function tellTime(scope) {
    each(scope, "time[data-rel]", function (node) {
      var then = Date.parse(node.getAttribute("datetime"));
      if (isNaN(then)) return;
      if (!node.title) node.title = node.textContent.trim();
      if (Math.abs(then - Date.now()) < 7 * 86400000) node.textContent = ago(then);
    });
  }
  setInterval(function () { tellTime(body); }, 15000);

  // Toasts stay until they are closed.
  var toasts = doc.getElementById("toasts"), model = doc.getElementById("toast-template");
  function toast(text, tone) {
    if (!toasts || !model || !text) return;
    var item = model.content.firstElementChild.cloneNode(true);
    item.querySelector("[data-text]").textContent = text;
    if (tone) item.setAttribute("data-tone", tone);
    toasts.appendChild(item);
  }
  window.smmToast = toast;

  doc.addEventListener("click", function (event) {
    var target = event.target.closest("[data-close-toast], [data-copy], [data-theme-set], [data-print]");
    each(doc, "details.menu[open]", function (menu) { if (!menu.contains(event.target)) menu.open = false; });
    if (!target) return;
    if (target.hasAttribute("data-close-toast")) { target.closest(".toast-item").remove(); return; }
    if (target.hasAttribute("data-theme-set")) { window.smmTheme.set(target.getAttribute("data-theme-set")); showTheme(); return; }
    if (target.hasAttribute("data-print")) { window.print(); return; }
    copy(target);
  });
  function copy(button) {
    var text = button.getAttribute("data-copy");
    function done() {
      button.classList.add("copied");
      var live = doc.getElementById("announce");
      if (live) live.textContent = word("copied") + ": " + text;
      var use = button.querySelector("use"), was = use && use.getAttribute("href");
      if (use) use.setAttribute("href", was.replace(/#.*/, "#check"));
      setTimeout(function () { button.classList.remove("copied"); if (use) use.setAttribute("href", was); }, 1800);
    }
    if (navigator.clipboard && window.isSecureContext) { navigator.clipboard.writeText(text).then(done, function () { toast(text); }); return; }
    var area = doc.createElement("textarea");
    area.value = text; area.className = "vh"; body.appendChild(area); area.select();
    try { doc.execCommand("copy"); done(); } catch (e) { toast(text); }
    area.remove(); button.focus();
  }

  function showTheme() {
    each(doc, "[data-theme-set]", function (button) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-theme-set") === window.smmTheme.wanted()));
    });
  }

  doc.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      each(doc, "details.menu[open]", function (menu) { menu.open = false; menu.querySelector("summary").focus(); });
    }
    if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && !event.ctrlKey && !event.metaKey) {
      var search = doc.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); }
    }
  });

  // A form that moves Credits is sent once: its button waits for the server.
  doc.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.hasAttribute("data-once") || event.defaultPrevented) return;
    if (form.getAttribute("aria-busy") === "true") { event.preventDefault(); return; }
    form.setAttribute("aria-busy", "true");
    each(form, "button[type=submit], button:not([type])", function (button) { button.classList.add("htmx-request"); });
  });
  window.addEventListener("pageshow", function () {
    each(doc, "form[data-once]", function (form) {
      form.removeAttribute("aria-busy");
      each(form, "button", function (button) { button.classList.remove("htmx-request"); });
    });
  });
  doc.addEventListener("change", function (event) {
    var form = event.target.closest("form[data-autosubmit]");
    if (form) form.requestSubmit();
  });

  // Polling: [data-poll="5"] receives a `poll` event while the page is seen and nobody types in it. htmx does the rest.
  function poll(node) {
    if (node.hasAttribute("data-polling")) return;
    node.setAttribute("data-polling", "");
    var base = Math.max(2, parseFloat(node.getAttribute("data-poll")) || 5) * 1000, wait = base;
    node.addEventListener("htmx:afterRequest", function (event) {
      if (event.target === node) wait = event.detail.successful ? base : Math.min(wait * 2, 60000);
    });
    (function turn() {
      setTimeout(function () {
        if (!node.isConnected) return;
        var typing = node.contains(doc.activeElement) && /^(INPUT|TEXTAREA|SELECT)$/.test(doc.activeElement.tagName);
        var open = node.querySelector("details[open], [data-keep]");
        if (!doc.hidden && !typing && !open) window.htmx.trigger(node, "poll");
        turn();
      }, wait);
    })();
  }

  function ready(scope) {
    tellTime(scope);
    if (window.htmx) each(scope, "[data-poll]", poll);
  }
  body.addEventListener("htmx:load", function (event) { ready(event.detail.elt); });
  body.addEventListener("toast", function (event) { toast(event.detail.text || event.detail.value, event.detail.tone); });
  body.addEventListener("htmx:sendError", function (event) { if (!event.target.hasAttribute("data-poll")) toast(word("offline"), "bad"); });
  body.addEventListener("htmx:responseError", function (event) { if (!event.target.hasAttribute("data-poll")) toast(word("failed"), "bad"); });
  showTheme();
  ready(body);
  // The first mistake of a refused form takes the focus, as a screen reader needs it.
  var wrong = doc.querySelector("[data-refusal], [aria-invalid=true]");
  if (wrong) { if (wrong.hasAttribute("data-refusal")) wrong.setAttribute("tabindex", "-1"); wrong.focus({ preventScroll: false }); }
})();
