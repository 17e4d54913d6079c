// What an episode did, drawn: coarse intents as steps with the fine actions through them, and how
// long the networks took. Nothing here knows where it comes from.

const kAhead = 14;  // steps of the future that there is room for

export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"), soft: of("soft"), line: of("line"), plot: of("plot"), accent: of("accent"),
    bad: of("bad"), warm: of("warm"), blue: of("blue"),
  };
}

// The canvas's context at the screen's resolution, cleared; null when there is no room.
function fresh(canvas, height) {
  const width = canvas.clientWidth;
  if (width < 40) return null;
  const scale = window.devicePixelRatio || 1;
  const w = Math.round(width * scale), h = Math.round(height * scale);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.height = `${height}px`;
  }
  const g = canvas.getContext("2d");
  g.setTransform(scale, 0, 0, scale, 0, 0);
  g.clearRect(0, 0, width, height);
  g.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  return g;
}

// Where steps stand on the canvas.
export function scaleOf(canvas, cursor) {
  const left = 64, right = 8;
  const width = Math.max(60, canvas.clientWidth - left - right);
  const shown = Math.max(36, Math.min(160, Math.round(width / 7.5)));
  const first = Math.max(0, cursor - (shown - kAhead)) | 0;
  const step = width / shown;
  return {left, step, first, last: first + shown, x: (s) => left + (s - first) * step};
}

// episode: {bins, dims, steps: Map step -> {a, b, src}, plans: [{s, first, rows, sure}], notes}
export function drawTimeline(canvas, episode, cursor, live) {
  const dims = episode.dims;
  const row = dims.length > 10 ? 30 : Math.max(38, Math.min(54, 400 / Math.max(1, dims.length)));
  const gap = 6, foot = 18;
  const g = fresh(canvas, dims.length * (row + gap) + foot);
  if (g === null) return;
  const c = colours();
  const at = scaleOf(canvas, cursor);
  const bins = Math.max(1, episode.bins);
  const y = (d, v) => d * (row + gap) + row * (1 - (Math.max(-1, Math.min(1, v)) + 1) / 2);
  const plan = episode.planAt(cursor);
  const bottom = dims.length * (row + gap) - gap;

  dims.forEach((name, d) => {
    g.fillStyle = c.plot;
    g.fillRect(at.left, d * (row + gap), (at.last - at.first) * at.step, row);
    g.fillStyle = c.soft;
    g.textAlign = "right";
    g.textBaseline = "middle";
    g.fillText(name.length > 9 ? `${name.slice(0, 8)}…` : name, at.left - 8, d * (row + gap) + row / 2);
    g.fillStyle = c.line;
    g.fillRect(at.left, y(d, 0) - 0.5, (at.last - at.first) * at.step, 1);
  });

  // Steps in which nothing was committed.
  g.strokeStyle = c.soft;
  g.globalAlpha = 0.35;
  g.lineWidth = 1;
  for (let s = at.first; s < Math.min(at.last, cursor + 1); ++s) {
    const one = episode.steps.get(s);
    if (!one || one.src === "chunk") continue;
    g.save();
    g.beginPath();
    g.rect(at.x(s), 0, at.step, bottom);
    g.clip();
    g.beginPath();
    for (let k = -at.step; k < bottom + at.step; k += 6) {
      g.moveTo(at.x(s), k + at.step);
      g.lineTo(at.x(s) + at.step, k);
    }
    g.stroke();
    g.restore();
  }
  g.globalAlpha = 1;

  const band = (d, s, bin, alpha, outline) => {
    const top = y(d, -1 + 2 * (bin + 1) / bins), low = y(d, -1 + 2 * bin / bins);
    g.globalAlpha = alpha;
    if (outline) {
      g.strokeStyle = c.accent;
      g.lineWidth = 1;
      g.strokeRect(at.x(s) + 0.5, top + 0.5, Math.max(1, at.step - 1), Math.max(1, low - top - 1));
    } else {
      g.fillStyle = c.accent;
      g.fillRect(at.x(s), top, at.step + 0.3, Math.max(2, low - top));
    }
    g.globalAlpha = 1;
  };
  for (let s = at.first; s < at.last; ++s) {
    const one = s <= cursor ? episode.steps.get(s) : undefined;
    for (let d = 0; d < dims.length; ++d) {
      if (one && one.b && one.b.length > d) {
        band(d, s, one.b[d], 0.42, false);
      } else if (s > cursor && plan) {
        const token = plan.rows[s - plan.first];
        if (token) band(d, s, token[d], 0.3 + 0.6 * (plan.sure[s - plan.first]?.[d] ?? 0.5), true);
      }
    }
  }

  // New plans, and what was noted.
  g.setLineDash([1.5, 3]);
  g.strokeStyle = c.soft;
  g.lineWidth = 1.2;
  for (const p of episode.plans) {
    if (p.s < at.first || p.s > Math.min(cursor, at.last)) continue;
    g.beginPath();
    g.moveTo(at.x(p.s), 0);
    g.lineTo(at.x(p.s), bottom);
    g.stroke();
  }
  g.setLineDash([]);
  for (const n of episode.notes) {
    if (n.s < at.first || n.s > Math.min(cursor, at.last) || n.kind === "said") continue;
    g.fillStyle = n.kind === "guard" ? c.bad : c.warm;
    g.beginPath();
    g.moveTo(at.x(n.s) - 4, bottom + 9);
    g.lineTo(at.x(n.s) + 4, bottom + 9);
    g.lineTo(at.x(n.s), bottom + 2);
    g.fill();
  }

  // Fine actions through the coarse steps.
  g.strokeStyle = c.ink;
  g.lineWidth = 1.6;
  g.lineJoin = "round";
  for (let d = 0; d < dims.length; ++d) {
    g.beginPath();
    let pen = false;
    for (let s = at.first; s <= Math.min(cursor, at.last - 1); ++s) {
      const one = episode.steps.get(s);
      if (!one || one.a.length <= d) {
        pen = false;
        continue;
      }
      const px = at.x(s) + at.step / 2, py = y(d, one.a[d]);
      if (pen) g.lineTo(px, py); else g.moveTo(px, py);
      pen = true;
    }
    g.stroke();
  }

  // Now.
  const now = at.x(cursor + 1);
  g.fillStyle = live ? c.accent : c.warm;
  g.fillRect(now - 1, 0, 2, bottom);

  g.fillStyle = c.soft;
  g.textBaseline = "top";
  g.textAlign = "center";
  const every = at.step > 14 ? 5 : at.step > 5 ? 20 : 40;
  for (let s = Math.ceil(at.first / every) * every; s < at.last; s += every) {
    g.fillText(String(s), at.x(s), bottom + 6);
  }
}

export function percentile(sorted, q) {
  return sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

// calls: {name: [ms, ...]}; budget: ms of a control step.
export function drawHistogram(canvas, calls, budget) {
  const height = 92, foot = 16;
  const g = fresh(canvas, height);
  if (g === null) return;
  const c = colours();
  const width = canvas.clientWidth;
  const names = Object.keys(calls).filter((name) => calls[name].length > 0);
  const all = names.flatMap((name) => calls[name]);
  const low = Math.log10(Math.max(0.05, Math.min(1, ...all)));
  const high = Math.log10(Math.max(100, budget * 2, ...all));
  const x = (ms) => (Math.log10(Math.max(0.05, ms)) - low) / (high - low) * (width - 8) + 4;
  const parts = Math.max(12, Math.min(48, Math.floor(width / 9)));
  g.fillStyle = c.plot;
  g.fillRect(0, 0, width, height - foot);
  const tint = {planner: c.blue, networks: c.blue, refiner: c.warm, answer: c.warm};
  names.forEach((name, n) => {
    const count = new Array(parts).fill(0);
    for (const ms of calls[name]) {
      count[Math.max(0, Math.min(parts - 1, Math.floor(x(ms) / width * parts)))]++;
    }
    const most = Math.max(...count);
    g.fillStyle = tint[name] || c.accent;
    g.globalAlpha = 0.75;
    const wide = width / parts;
    count.forEach((k, i) => {
      const tall = k / most * (height - foot - 8);
      const w = wide / names.length;
      if (k > 0) g.fillRect(i * wide + n * w + 0.5, height - foot - tall, Math.max(1.5, w - 1), tall);
    });
    g.globalAlpha = 1;
  });
  g.fillStyle = c.bad;
  g.fillRect(x(budget), 0, 1.5, height - foot);
  g.fillStyle = c.soft;
  g.textBaseline = "top";
  for (const ms of [0.1, 1, 10, 100, 1000, 10000]) {
    if (Math.log10(ms) < low - 0.01 || Math.log10(ms) > high) continue;
    g.textAlign = x(ms) < 20 ? "left" : x(ms) > width - 24 ? "right" : "center";
    g.fillText(ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`, Math.max(0, Math.min(width, x(ms))), height - foot + 3);
  }
}
