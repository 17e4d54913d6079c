// The inspector: asks the server's feed for what is new of each place that is shown, and shows it.
// What comes from there is text and pictures: it is never made into HTML.
import {drawHistogram, drawTimeline, percentile, scaleOf} from "/inspect/timeline.js";

const $ = (selector, root = document) => root.querySelector(selector);
// Said once: what is read aloud should not be read again because it was written again.
const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };
const kKept = 6000;  // steps and calls of an episode that the page remembers

// An episode as its lines tell it.
class Episode {
  constructor(head = {}) {
    this.head = head;
    this.dims = Array.isArray(head.dims) ? head.dims.map(String) : [];
    this.cameras = Array.isArray(head.cameras) ? head.cameras.map(String) : [];
    this.bins = Number(head.bins) || 10;
    this.hz = Number(head.hz) || 20;
    this.instruction = String(head.instruction ?? "");
    this.steps = new Map();
    this.plans = [];
    this.notes = [];
    this.calls = {};
    this.guard = "";
    this.last = -1;
  }

  add(line) {
    const s = Number(line.s) || 0;
    if (line.e === "step" && Array.isArray(line.a)) {
      this.set(s, {a: line.a, b: Array.isArray(line.b) && line.b.length > 0 ? line.b : null, src: line.src});
    } else if (line.e === "chunk" && Array.isArray(line.a)) {
      line.a.forEach((a, i) => this.set(s + i, {a, b: line.b?.[i] ?? null, src: "chunk"}));
      this.last = s;
    } else if (line.e === "plan" && Array.isArray(line.bins)) {
      this.plans.push({
        s, seen: Number(line.seen) || 0, first: Number(line.first) || 0, rows: line.bins,
        sure: Array.isArray(line.sure) ? line.sure : [], words: Array.isArray(line.words) ? line.words.map(String) : [],
      });
      if (this.plans.length > kKept) this.plans.shift();
    } else if (line.e === "call") {
      const list = this.calls[String(line.net)] ??= [];
      list.push(Number(line.ms) || 0);
      if (list.length > kKept) list.shift();
    } else if (line.e === "note") {
      const note = {s, kind: String(line.kind), text: String(line.text)};
      if (note.kind === "guard") this.guard = note.text;
      if (note.kind === "instruction") this.instruction = note.text;
      this.notes.push(note);
      if (this.notes.length > kKept) this.notes.shift();
    }
  }

  set(s, one) {
    this.steps.set(s, one);
    this.last = Math.max(this.last, s);
    if (this.steps.size > kKept) this.steps.delete(this.steps.keys().next().value);
  }

  // The plan of a moment, by the steps that it is for: where the robot held, nothing of it was spent.
  planAt(cursor) {
    let plan = null;
    for (let i = this.plans.length - 1; i >= 0 && plan === null; --i) {
      if (this.plans[i].s <= cursor) plan = this.plans[i];
    }
    if (plan === null) return null;
    let held = 0;
    for (let s = plan.s + 1; s <= cursor; ++s) {
      const one = this.steps.get(s);
      if (one && one.src !== "chunk") ++held;
    }
    return {...plan, first: plan.first + held};
  }

  instructionAt(cursor) {
    let text = String(this.head.instruction ?? "");
    for (const n of this.notes) if (n.kind === "instruction" && n.s <= cursor) text = n.text;
    return text;
  }
}

class Panel {
  constructor(place, feed) {
    this.feed = feed;
    this.id = place.id;
    this.root = $("#panel").content.firstElementChild.cloneNode(true);
    this.root.dataset.id = String(place.id);
    this.key = null;        // number of the episode that is shown
    this.since = 0;
    this.have = -1;         // step of the pictures that are shown
    this.episode = new Episode();
    this.following = true;
    this.cursor = 0;
    this.playing = false;   // of a recording
    this.played = 0;
    this.dirty = true;
    this.suggested = "";
    $(".say datalist", this.root).id = `said-${place.id}`;
    $(".words", this.root).setAttribute("list", `said-${place.id}`);
    this.listen();
    this.update(place);
  }

  get recorded() { return this.place.state === "recorded"; }

  listen() {
    const on = (selector, event, act) => $(selector, this.root).addEventListener(event, act);
    on(".pause", "click", () => this.pause());
    on(".step", "click", () => this.step(1));
    on(".reset", "click", () => this.reset());
    on(".follow", "click", () => this.follow());
    on(".scrub", "input", (e) => this.go(Number(e.target.value)));
    on(".say", "submit", (e) => {
      e.preventDefault();
      const text = $(".words", this.root).value.trim();
      if (text !== "") this.command("instruction", text);
      $(".words", this.root).blur();
    });
    const canvas = $(".timeline", this.root);
    const drag = (e) => {
      const box = canvas.getBoundingClientRect();
      const at = scaleOf(canvas, this.cursor);
      this.go(at.first + Math.floor((e.clientX - box.left - at.left) / at.step));
    };
    canvas.addEventListener("pointerdown", (e) => {
      canvas.setPointerCapture(e.pointerId);
      drag(e);
    });
    canvas.addEventListener("pointermove", (e) => {
      if (canvas.hasPointerCapture(e.pointerId)) drag(e);
    });
    new ResizeObserver(() => { this.dirty = true; }).observe(this.root);
  }

  update(place) {
    const before = this.place;
    this.place = place;
    if (before && before.state === place.state && before.commands === place.commands) return;
    const tone = {running: "good", paused: "wait", success: "good", recorded: "", stopped: "bad"}[place.state];
    const chip = $(".state", this.root);
    chip.textContent = place.state;
    chip.dataset.tone = tone ?? "bad";
    const command = place.commands;
    $(".name", this.root).textContent = place.name;
    $(".say", this.root).hidden = !command;
    $(".reset", this.root).hidden = !command && !this.recorded;
    $(".pause", this.root).hidden = !command && !this.recorded;
    $(".step", this.root).hidden = !command && !this.recorded;
    if (this.recorded && !before) {
      this.following = false;
      this.playing = true;
      this.began = performance.now();
    }
    this.dirty = true;
  }

  request() {
    const wanted = {id: this.id, since: this.since, have: this.have, at: this.following ? -1 : this.cursor};
    if (this.key !== null) wanted.episode = this.key;
    return wanted;
  }

  take(answer, pictures) {
    if (answer.episode !== this.key) {
      this.key = answer.episode;
      this.episode = new Episode(answer.head ?? {});
      this.have = -1;
      if (!this.recorded) this.following = true;
      this.cursor = 0;
      this.played = 0;
      this.began = performance.now();
      this.suggest(answer.suggestions ?? []);
      this.cameras();
      this.dirty = true;
    }
    for (const line of answer.lines ?? []) {
      try {
        this.episode.add(JSON.parse(line));
      } catch {
        continue;  // a recording may hold anything
      }
      this.dirty = true;
    }
    this.since = answer.next ?? this.since;
    if (answer.frame) {
      this.have = answer.frame.step;
      this.show(answer.frame.sizes, pictures);
    }
    if (this.following && this.episode.last >= 0) this.cursor = this.episode.last;
  }

  suggest(list) {
    const data = $(".say datalist", this.root);
    data.replaceChildren(...list.map((text) => {
      const option = document.createElement("option");
      option.value = String(text);
      return option;
    }));
  }

  cameras() {
    const box = $(".cameras", this.root);
    box.replaceChildren(...this.episode.cameras.map((name) => {
      const figure = document.createElement("figure");
      const canvas = document.createElement("canvas");
      const caption = document.createElement("figcaption");
      canvas.width = canvas.height = 1;
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `camera ${name}`);
      caption.textContent = name.replaceAll("_", " ");
      figure.append(canvas, caption);
      return figure;
    }));
  }

  async show(sizes, pictures) {
    const canvases = this.root.querySelectorAll(".cameras canvas");
    let at = 0;
    for (let i = 0; i < sizes.length && i < canvases.length; ++i) {
      const bytes = pictures.subarray(at, at + sizes[i]);
      at += sizes[i];
      if (sizes[i] === 0) continue;
      try {
        const bitmap = await createImageBitmap(new Blob([bytes], {type: "image/jpeg"}));
        const canvas = canvases[i];
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
        canvas.getContext("2d").drawImage(bitmap, 0, 0);
        bitmap.close();
      } catch {
        continue;
      }
    }
  }

  command(verb, text = "") {
    this.error("");
    this.feed.command(this, {id: this.id, do: verb, text});
  }

  error(text) {
    const p = $(".error", this.root);
    p.hidden = text === "";
    p.textContent = text;
  }

  pause() {
    if (this.recorded) {
      if (!this.playing && this.cursor >= this.episode.last) this.cursor = 0;
      this.playing = !this.playing;
      this.played = this.cursor;
      this.began = performance.now();
      this.dirty = true;
    } else if (this.place.commands) {
      this.command(this.place.state === "paused" ? "go" : "pause");
    }
  }

  step(by) {
    if (!this.recorded && this.place.commands && by > 0 && this.following) return this.command("step");
    this.go(this.cursor + by);
  }

  reset() {
    if (!this.recorded) {
      if (this.place.commands) this.command("reset");
      return;
    }
    this.go(0);
    this.pause();
  }

  go(step) {
    this.playing = false;
    this.cursor = Math.max(0, Math.min(this.episode.last, step));
    this.following = !this.recorded && this.cursor === this.episode.last;
    this.dirty = true;
  }

  follow() {
    this.following = !this.recorded;
    this.cursor = Math.max(0, this.episode.last);
    this.playing = false;
    this.dirty = true;
  }

  play(now) {
    if (!this.playing) return;
    const at = Math.min(this.episode.last, Math.floor(this.played + (now - this.began) / 1000 * this.episode.hz));
    if (at !== this.cursor) this.dirty = true;
    this.cursor = Math.max(0, at);
    if (this.episode.last > 0 && at >= this.episode.last) {
      this.playing = false;
      this.dirty = true;
    }
  }

  draw() {
    if (!this.dirty) return;
    this.dirty = false;
    const e = this.episode, cursor = this.cursor;
    this.root.dataset.step = String(e.last);
    this.root.dataset.plans = String(e.plans.length);
    say($(".instruction", this.root), e.instructionAt(this.until()));
    const facts = [e.head.policy, e.head.suite, e.head.schedule].filter((x) => x).map(String);
    if (e.head.episode !== undefined) facts.push(`episode ${e.head.episode}`);
    $(".facts", this.root).textContent = facts.join(" · ");
    const pause = $(".pause", this.root);
    const goes = this.recorded ? this.playing : this.place.state !== "paused";
    pause.textContent = goes ? "Pause" : this.recorded ? "Play" : "Go on";
    $(".reset", this.root).textContent = this.recorded ? "Again" : "Reset";
    $(".follow", this.root).hidden = this.recorded || this.following;
    const limit = Number(e.head.max_steps) || 0;
    $(".at", this.root).textContent = `step ${Math.max(0, cursor)}${limit > 0 ? ` of ${limit}` : ""} · ${(Math.max(0, cursor) / e.hz).toFixed(1)} s`;
    const scrub = $(".scrub", this.root);
    scrub.max = String(Math.max(0, e.last));
    scrub.value = String(cursor);
    if (document.activeElement !== $(".words", this.root) && this.suggested !== e.instruction) {
      this.suggested = e.instruction;
      $(".words", this.root).value = e.instruction;
    }
    const canvas = $(".timeline", this.root);
    drawTimeline(canvas, e, cursor, this.following);
    this.plan();
    canvas.setAttribute("aria-label", `step ${cursor}: ${$(".age", this.root).textContent} ${$(".intents .now", this.root)?.textContent ?? ""}`);
    this.latency();
    this.notes();
  }

  plan() {
    const e = this.episode, cursor = this.cursor;
    const plan = e.planAt(cursor);
    const horizon = Number(e.head.horizon) || 1;
    const all = plan ? Math.min(plan.rows.length, (Number(e.head.chunks) || 64) * horizon) : 0;
    const spent = plan ? Math.max(0, Math.min(all, cursor + 1 - plan.first)) : 0;
    const tokens = $(".tokens", this.root);
    if (tokens.childElementCount !== all) {
      tokens.replaceChildren(...Array.from({length: all}, () => document.createElement("i")));
    }
    [...tokens.children].forEach((token, i) => {
      token.className = `${i < spent ? "spent" : ""} ${i > 0 && i % horizon === 0 ? "chunk" : ""}`;
    });
    const left = all - spent;
    $(".age", this.root).textContent = !plan ? "The buffer is empty: no plan yet."
      : cursor >= plan.first + all ? `Exhausted: the plan, seen ${cursor - plan.seen} steps ago, is used up.`
      : `${spent <= horizon ? "Fresh" : "Reused"}: seen ${Math.max(0, cursor - plan.seen)} steps ago, ${left} of ${all} steps left.`;
    // Chunks from the last to the first; of older plans those that no newer one has replaced.
    const rows = [];
    let before = Infinity;
    for (const p of plan ? [plan, ...e.plans.filter((q) => q.s < plan.s).slice(-6).reverse()] : []) {
      for (let m = p.words.length - 1; m >= 0; --m) {
        const first = p.first + m * horizon;
        if (first >= before) continue;
        rows.push({first, words: p.words[m], now: p === plan && cursor >= first && cursor < first + horizon});
      }
      before = Math.min(before, p.first);
    }
    this.rows(".intents", rows.slice(0, 8).map((r) => [String(r.first), r.words, r.now ? "now" : ""]));
  }

  rows(selector, rows) {
    $(selector, this.root).replaceChildren(...rows.map(([number, text, look]) => {
      const li = document.createElement("li"), span = document.createElement("span"), b = document.createElement("b");
      span.textContent = number;
      b.textContent = text;
      li.className = look;
      li.append(span, b);
      return li;
    }));
  }

  latency() {
    const e = this.episode, budget = 1000 / e.hz;
    drawHistogram($(".histogram", this.root), e.calls, budget);
    const body = $(".latency tbody", this.root);
    body.replaceChildren(...Object.keys(e.calls).map((name) => {
      const sorted = [...e.calls[name]].sort((a, b) => a - b);
      const tr = document.createElement("tr"), th = document.createElement("th"), i = document.createElement("i");
      i.className = ["planner", "refiner", "networks", "answer"].includes(name) ? name : "";
      th.append(i, document.createTextNode(name));
      tr.append(th);
      const ms = (q) => percentile(sorted, q).toFixed(1);
      for (const text of [`p50 ${ms(0.5)} ms`, `p99 ${ms(0.99)} ms`, `${sorted.length} calls`]) {
        const td = document.createElement("td");
        td.textContent = text;
        tr.append(td);
      }
      return tr;
    }));
    $(".histogram", this.root).setAttribute("aria-label", `latency; the line is a control step, ${budget.toFixed(0)} ms`);
  }

  // Up to where notes are shown: at the last step those of what comes after it, too.
  until() { return this.cursor >= this.episode.last ? Infinity : this.cursor; }

  notes() {
    const e = this.episode, until = this.until();
    const guard = $(".guard", this.root);
    const spoke = e.notes.filter((n) => n.kind === "guard" && n.s <= until).pop();
    say(guard, spoke ? spoke.text.trim() : "No guard had to step in.");
    guard.classList.toggle("spoke", spoke !== undefined);
    const said = e.notes.filter((n) => n.kind !== "guard" && n.s <= until).slice(-7).reverse();
    this.rows(".said", said.map((n) => [String(n.s), n.kind === "instruction" ? `told: ${n.text}` : n.text, ""]));
  }
}

// One request at a time; a slow line gets fewer of them, and nothing piles up.
class Feed {
  constructor() {
    this.panels = new Map();
    this.waiting = [];  // commands
    this.chosen = null;
    this.next = 0;
    this.connect();
  }

  key() { return new URLSearchParams(location.hash.slice(1)).get("key") ?? ""; }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = this.key() === "" ? "" : `?key=${encodeURIComponent(this.key())}`;
    this.socket = new WebSocket(`${scheme}://${location.host}/inspect/feed${query}`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => {
      this.link("connected", "good");
      this.ask();
    };
    this.socket.onmessage = (event) => this.take(event.data);
    this.socket.onclose = () => {
      this.link("no connection", "bad");
      this.why();
      setTimeout(() => this.connect(), 1000);
    };
  }

  link(text, tone) {
    const chip = $("#link");
    say(chip, text);
    chip.dataset.tone = tone;
  }

  // A websocket does not say why it was refused.
  async why() {
    try {
      const query = this.key() === "" ? "" : `?key=${encodeURIComponent(this.key())}`;
      const reply = await fetch(`/metrics${query}`);
      $("#key-form").hidden = reply.status !== 401;
    } catch {
      $("#key-form").hidden = true;
    }
  }

  shown() {
    const all = [...this.panels.values()];
    return this.chosen !== null && this.panels.has(this.chosen) ? [this.panels.get(this.chosen)] : all;
  }

  ask() {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    const command = this.waiting.shift();
    if (command) {
      this.asked = command.panel;
      this.socket.send(JSON.stringify({...command.panel.request(), ...command.request}));
      return;
    }
    const shown = this.shown();
    this.next = shown.length > 0 ? (this.next + 1) % shown.length : 0;
    this.asked = shown[this.next] ?? null;
    this.socket.send(JSON.stringify(this.asked ? this.asked.request() : {}));
  }

  command(panel, request) { this.waiting.push({panel, request}); }

  take(data) {
    const view = new DataView(data);
    const length = view.getUint32(0, true);
    const answer = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    this.places(answer.places ?? []);
    const panel = this.asked;
    if (panel && answer.id === panel.id && this.panels.has(panel.id)) {
      panel.take(answer, new Uint8Array(data, 4 + length));
    }
    if (answer.error && panel) panel.error(String(answer.error));
    const busy = this.shown().some((p) => p.place.state === "running" || p.playing || p.have !== p.cursor);
    const pause = document.hidden ? 1000 : this.waiting.length > 0 ? 0 : busy ? 40 / Math.max(1, this.shown().length) : 200;
    setTimeout(() => this.ask(), pause);
  }

  places(list) {
    const ids = new Set(list.map((place) => place.id));
    let changed = false;
    for (const [id, panel] of this.panels) {
      if (ids.has(id)) continue;
      panel.root.remove();
      this.panels.delete(id);
      changed = true;
    }
    for (const place of list) {
      const known = this.panels.get(place.id);
      if (known) {
        known.update(place);
      } else {
        const panel = new Panel(place, this);
        this.panels.set(place.id, panel);
        $("#panels").append(panel.root);
        changed = true;
      }
    }
    // Recordings are looked at one by one.
    if (this.chosen === null && list.length > 1 && list.every((place) => place.state === "recorded")) this.choose(list[0].id);
    if (changed) this.arrange();
  }

  choose(id) {
    this.chosen = id;
    this.arrange();
  }

  arrange() {
    if (this.chosen !== null && !this.panels.has(this.chosen)) this.chosen = null;
    const all = [...this.panels.values()];
    const shown = this.shown();
    for (const panel of all) {
      panel.root.hidden = !shown.includes(panel);
      panel.dirty = true;
    }
    $("#panels").classList.toggle("one", shown.length === 1);
    $("#empty").hidden = all.length > 0;
    const nav = $("#places");
    const buttons = all.length < 2 ? [] : [null, ...all].map((panel, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = panel ? panel.place.name : "all";
      button.title = button.textContent;
      button.setAttribute("aria-pressed", String((panel ? panel.id : null) === this.chosen));
      button.addEventListener("click", () => this.choose(panel ? panel.id : null));
      if (i <= 9 && i > 0) button.setAttribute("aria-keyshortcuts", String(i));
      return button;
    });
    if (all.length > 0 && all.every((panel) => panel.recorded)) buttons.shift();
    nav.replaceChildren(...buttons);
  }
}

const feed = new Feed();

$("#key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = new URLSearchParams({key: $("#key").value}).toString();
  $("#key").value = "";
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target instanceof HTMLInputElement && event.target.type !== "range";
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const focused = event.target instanceof Element ? event.target.closest(".place") : null;
  const panel = (focused && feed.panels.get(Number(focused.dataset.id))) ?? feed.shown()[0];
  if (!panel) return;
  const on = {
    " ": () => panel.pause(), ArrowRight: () => panel.step(1), ".": () => panel.step(1),
    ArrowLeft: () => panel.step(-1), ",": () => panel.step(-1), Home: () => panel.go(0), End: () => panel.follow(),
    r: () => panel.reset(), i: () => $(".words", panel.root).focus(), 0: () => feed.choose(null),
  };
  const number = Number(event.key);
  if (event.target instanceof HTMLButtonElement && (event.key === " " || event.key === "Enter")) return;
  if (number >= 1 && number <= 9) {
    const chosen = [...feed.panels.values()][number - 1];
    if (chosen && feed.panels.size > 1) feed.choose(chosen.id);
  } else if (on[event.key]) {
    on[event.key]();
    event.preventDefault();
  }
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => feed.shown().forEach((p) => { p.dirty = true; }));

function frame(now) {
  for (const panel of feed.shown()) {
    panel.play(now);
    panel.draw();
  }
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
