#include "libra/media/page.h"

#include "libra/media/svg.h"

namespace libra::media {
namespace {

constexpr char kStyle[] = R"(
:root{--bg:#fbfaf8;--card:#ffffff;--ink:#1d2329;--soft:#5d6873;--line:#e2ded7;--plot:#f1eeea;
--accent:#1f7a5c;--bad:#c2452d;--plus:#d9822b;--minus:#3573b9;--band:#1f7a5c;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1c2126;--ink:#e6e9ec;--soft:#99a4af;
--line:#2e353c;--plot:#252b31;--accent:#4fc59a;--bad:#f0795f;--plus:#f0a04f;--minus:#6ba6ec;--band:#4fc59a}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1040px;margin:0 auto;padding:36px 20px 60px}
h1{font-size:27px;margin:0 0 2px;letter-spacing:-.01em}h2{font-size:19px;margin:42px 0 8px}
h3{font-size:15px;margin:22px 0 6px}
p,.note{color:var(--soft);margin:4px 0 12px;max-width:78ch}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(180px,1fr));gap:12px;margin:22px 0 6px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.tile b{display:block;font-size:28px;line-height:1.15;font-variant-numeric:tabular-nums;letter-spacing:-.02em}
.tile span{color:var(--soft);font-size:13px;display:block}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;margin:10px 0;overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th{font-weight:600;color:var(--soft);font-size:13px;text-align:left;padding:2px 10px 6px 0;white-space:nowrap}
td{padding:5px 10px 5px 0;border-top:1px solid var(--line);vertical-align:middle}
td.n,th.n{text-align:right;white-space:nowrap}tr.sum td{font-weight:600;border-top:2px solid var(--line)}
a{color:var(--accent)}
svg{display:block}.fig{width:100%;height:auto}.ratebar{width:210px;height:16px}
.plot{fill:var(--plot)}.bar{fill:var(--accent);fill-opacity:.75}
.whisker{stroke:var(--ink);stroke-width:1.4}.grid{stroke:var(--line);stroke-width:1}
.budget{stroke:var(--bad);stroke-width:1.4;stroke-dasharray:5 4}
.ok{fill:var(--accent);fill-opacity:.65}.bad{fill:none;stroke:var(--bad);stroke-width:1.6}
.band{fill:var(--band);fill-opacity:.3}.curve{fill:none;stroke:var(--ink);stroke-width:1.5;stroke-linejoin:round}
.planned{stroke:var(--soft);stroke-width:.8;stroke-dasharray:2 3}
text{font:12px system-ui,"DejaVu Sans",sans-serif;fill:var(--soft)}.tb{font-weight:600;fill:var(--ink)}.ts{font-size:10px}
.strip img{width:100%;display:block;border-radius:6px}
.stripsteps{display:grid;font-size:11px;color:var(--soft);text-align:center;margin-top:2px}
.flag{display:inline-block;border-radius:5px;padding:0 7px;font-size:12px;font-weight:600;color:var(--card)}
.flag.good{background:var(--accent)}.flag.fail{background:var(--bad)}
details{margin:10px 0}summary{cursor:pointer;font-weight:600}
pre{background:var(--plot);border-radius:8px;padding:12px 14px;overflow-x:auto;font:12.5px/1.45 ui-monospace,"DejaVu Sans Mono",monospace;margin:8px 0}
.line{fill:none;stroke-width:1.4;stroke-linejoin:round}.edge{stroke:var(--bad);stroke-width:.9;stroke-dasharray:3 3}
.grid2{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:4px 18px}
video{width:100%;border-radius:6px;display:block}.clip{max-width:640px}
.key{font-size:12px;color:var(--soft)}.key span{white-space:nowrap}.key i{display:inline-block;width:14px;height:3px;margin:0 4px 3px 10px;vertical-align:middle}
.warn{border-left:4px solid var(--bad);padding-left:12px}
)";

}  // namespace

std::string html_page(const std::string& title, const std::string& body) {
  return "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
         "<meta name='viewport' content='width=device-width,initial-scale=1'><title>" +
         escape_html(title) + "</title><style>" + kStyle + "</style></head><body><main><h1>" +
         escape_html(title) + "</h1>" + body + "</main></body></html>\n";
}

std::string html_tile(const std::string& value, const std::string& name,
                      const std::string& detail) {
  return "<div class='tile'><span>" + name + "</span><b>" + value + "</b><span>" + detail +
         "</span></div>";
}

}  // namespace libra::media
