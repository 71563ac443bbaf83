// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

namespace diglab {

/// The style of the report: one sheet, no font, picture or script from anywhere.
inline constexpr std::string_view html_style = R"css(
:root { color-scheme: light dark;
  --bg:#fbfbfa; --card:#fff; --ink:#1d2329; --quiet:#667078; --line:#dfe3e6; --code:#f3f4f5; --link:#0b5cad;
  --pass:#1a7f37; --fail:#c6262e; --broken:#8a3ffc; --skip:#8a6d00; --moved:#d9730d; --changed:#c6262e; --added:#1a7f37; --removed:#0b5cad;
  --pass-bg:#e3f5e8; --fail-bg:#fdeaea; --broken-bg:#f1e8ff; --skip-bg:#fbf3d4; }
@media (prefers-color-scheme: dark) { :root {
  --bg:#15181b; --card:#1d2125; --ink:#e4e7ea; --quiet:#98a2ab; --line:#343a40; --code:#262b30; --link:#6cb2ff;
  --pass:#56d27a; --fail:#ff7b7b; --broken:#c69bff; --skip:#e3c04f; --moved:#ffa657; --changed:#ff7b7b; --added:#56d27a; --removed:#6cb2ff;
  --pass-bg:#17331f; --fail-bg:#401d1f; --broken-bg:#30204a; --skip-bg:#39310f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main, header > div { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
header { background: var(--card); border-bottom: 1px solid var(--line); padding: 22px 0 16px; }
h1 { font-size: 24px; margin: 0 0 2px; font-weight: 650; } h1 small { font-weight: 400; color: var(--quiet); font-size: 16px; }
h2 { font-size: 18px; margin: 30px 0 10px; } h3 { font-size: 15px; margin: 22px 0 6px; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
code, pre, .mono, .path { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; font-size: 13px; }
pre { background: var(--code); border-radius: 6px; padding: 8px 12px; margin: 6px 0; overflow: auto; max-height: 420px; white-space: pre-wrap; overflow-wrap: anywhere; }
pre i { color: var(--quiet); } code { overflow-wrap: anywhere; }
.quiet, .note { color: var(--quiet); } .note { font-size: 13px; }
.badge { display: inline-block; min-width: 62px; text-align: center; padding: 1px 8px; border-radius: 20px; font-size: 12px; font-weight: 650; letter-spacing: .02em; }
.badge.pass { color: var(--pass); background: var(--pass-bg); } .badge.fail { color: var(--fail); background: var(--fail-bg); }
.badge.broken { color: var(--broken); background: var(--broken-bg); } .badge.skip { color: var(--skip); background: var(--skip-bg); }
.bar { display: flex; height: 8px; border-radius: 4px; overflow: hidden; margin: 12px 0 14px; background: var(--line); gap: 2px; }
.bar span { display: block; } .bar .pass { background: var(--pass); } .bar .fail { background: var(--fail); } .bar .broken { background: var(--broken); } .bar .skip { background: var(--skip); }
dl.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); gap: 6px 28px; margin: 0; }
dl.facts div { display: flex; gap: 10px; min-width: 0; } dl.facts div.wide { grid-column: 1 / -1; } dl.facts dt { color: var(--quiet); flex: none; } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-size: 12px; font-weight: 600; color: var(--quiet); padding: 6px 10px; border-bottom: 1px solid var(--line); }
td { padding: 8px 10px; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; } .num { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
table.claims td:first-child { width: 90px; } table.claims tr:last-child td { border-bottom: 0; } table.claims .id { font-size: 13px; color: var(--quiet); }
table.claims .why { color: var(--ink); font-size: 14px; margin-top: 2px; } table.claims td.nowrap { white-space: nowrap; }
.claim { font-weight: 550; }
.filter { display: flex; gap: 6px; align-items: center; margin: 0 0 10px; flex-wrap: wrap; } .filter input { position: absolute; opacity: 0; }
.filter label { padding: 2px 12px; border: 1px solid var(--line); border-radius: 20px; font-size: 13px; cursor: pointer; background: var(--card); }
.filter input:checked + label { border-color: var(--ink); font-weight: 600; } .filter input:focus-visible + label { outline: 2px solid var(--link); }
body:has(#only-pass:checked) [data-v]:not([data-v=pass]), body:has(#only-fail:checked) [data-v]:not([data-v=fail]),
body:has(#only-broken:checked) [data-v]:not([data-v=broken]), body:has(#only-skip:checked) [data-v]:not([data-v=skip]) { display: none; }
details.scenario { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--line); border-radius: 10px; margin: 12px 0; scroll-margin-top: 12px; }
details.scenario.pass { border-left-color: var(--pass); } details.scenario.fail { border-left-color: var(--fail); }
details.scenario.broken { border-left-color: var(--broken); } details.scenario.skip { border-left-color: var(--skip); }
details.scenario > summary { padding: 12px 16px; display: flex; gap: 12px; align-items: baseline; cursor: pointer; list-style: none; }
details.scenario > summary::-webkit-details-marker { display: none; } details.scenario > summary .claim { flex: 1; min-width: 0; } summary .id { font-size: 13px; color: var(--quiet); }
.inside { padding: 0 20px 18px; border-top: 1px solid var(--line); }
details.more { margin: 10px 0; } details.more > summary { cursor: pointer; color: var(--link); font-size: 14px; }
.reason { border-radius: 8px; padding: 10px 14px; margin: 14px 0; } .reason.fail { background: var(--fail-bg); } .reason.broken { background: var(--broken-bg); } .reason.skip { background: var(--skip-bg); }
.reason b { margin-right: 6px; } .reason ul { margin: 6px 0 0; padding-left: 20px; }
.run { display: flex; gap: 10px; align-items: baseline; flex-wrap: wrap; margin: 12px 0; } .run code { background: var(--code); padding: 3px 10px; border-radius: 6px; user-select: all; }
table.checks { table-layout: fixed; } table.checks th:first-child { width: 15%; } table.checks td .exp { color: var(--quiet); font-size: 13px; }
table.checks td.bad { background: var(--fail-bg); } .mark { font-weight: 700; margin-right: 5px; } .mark.good { color: var(--pass); } .mark.bad { color: var(--fail); }
table.steps td { padding: 5px 10px; font-size: 14px; } table.steps td.mono { white-space: nowrap; } table.steps pre { max-height: 220px; } tr.lost td { background: var(--broken-bg); }
table.machine td:first-child { color: var(--quiet); width: 15%; } table.machine tr.differs td { background: var(--skip-bg); } table.machine td { font-size: 13px; } table.machine pre { margin: 0; }
.files { display: flex; flex-wrap: wrap; gap: 4px 14px; } figure { margin: 10px 0; } .oops { color: var(--fail); font-weight: 600; }
svg { max-width: 100%; height: auto; display: block; } svg text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); }
.timeline .axis, .timeline .row { fill: var(--quiet); font-size: 11px; } .timeline .grid { stroke: var(--line); stroke-width: 1; }
.timeline rect.boot { fill: var(--removed); opacity: .45; } .timeline rect.step { fill: var(--pass); } .timeline rect.bad { fill: var(--fail); opacity: 1; }
.trace .row { font: 11px ui-monospace, "DejaVu Sans Mono", monospace; fill: var(--quiet); } .trace .axis { fill: var(--quiet); font-size: 11px; }
.trace rect { fill: var(--line); } .trace rect.content-0 { fill: var(--skip); } .trace rect.content-1 { fill: var(--removed); opacity: .7; } .trace rect.content-2 { fill: var(--pass); opacity: .8; }
.trace rect.bad { fill: var(--fail); } .trace .mark line { stroke: var(--line); stroke-width: 1; } .trace .mark path { fill: var(--quiet); }
.trace .mark.hook path { fill: var(--broken); } .trace .mark.rename path { fill: var(--moved); } .trace .mark.rename line { stroke: var(--moved); opacity: .5; }
.legend { font-size: 12px; color: var(--quiet); } .legend span { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin: 0 4px 0 12px; }
.logs { margin: 8px 0; } .logs .head { font-weight: 600; } .logs .pos { fill: var(--quiet); font-size: 11px; } .logs .entry { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 12px; }
.logs .cell { fill: var(--code); } .logs .cell.moved { fill: var(--moved); fill-opacity: .22; } .logs .cell.changed { fill: var(--changed); fill-opacity: .2; }
.logs .cell.added { fill: var(--added); fill-opacity: .2; } .logs .cell.removed { fill: var(--removed); fill-opacity: .2; }
.logs .link { fill: none; stroke: var(--line); stroke-width: 1.5; } .logs .link.moved { stroke: var(--moved); stroke-width: 2.5; } .logs .link.changed { stroke: var(--changed); stroke-dasharray: 4 3; }
.dot { display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 7px; } .dot.moved { background: var(--moved); } .dot.changed { background: var(--changed); }
.dot.added { background: var(--added); } .dot.removed { background: var(--removed); }
table.moves { width: auto; min-width: 60%; } table.moves td { padding: 4px 14px 4px 0; font-size: 14px; } table.moves th { padding-left: 0; }
footer { color: var(--quiet); font-size: 13px; padding: 30px 0 50px; }
@media print { details { break-inside: avoid; } pre { max-height: none; } }
)css";

}  // namespace diglab
