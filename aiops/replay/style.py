"""The look of the replay report's page; the policy in its head admits this text alone."""

import base64
import hashlib
from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--text:#1b2733;--quiet:#5b6875;
--edge:#dce2e8;--grid:#e6eaee;--happened:#0072b2;--averted:#009e73;--open:#9aa3ad;--false:#d55e00;
--reactive:#7b5aa6}
@media (prefers-color-scheme:dark){:root{--page:#11171d;--card:#1a222b;--text:#e6ebf0;
--quiet:#9aa8b5;--edge:#2d3945;--grid:#2a343e;--happened:#56b4e9;--averted:#2fc59b;
--false:#f0823a;--reactive:#b79ae0}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,
"Segoe UI","Noto Sans","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
#show-en:checked~* [lang=zh],#show-zh:checked~* [lang=en]{display:none}
.choose{position:absolute;opacity:0;pointer-events:none}
main{max-width:1240px;margin:0 auto;padding:1.25rem clamp(1rem,3vw,2rem) 3rem}
header{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;justify-content:space-between}
header p{flex-basis:100%}header nav{display:flex;gap:.9rem}
header label{cursor:pointer;color:var(--quiet)}
#show-en:checked~main label[for=show-en],#show-zh:checked~main label[for=show-zh]{
color:var(--text);font-weight:650}
#show-en:focus-visible~main label[for=show-en],#show-zh:focus-visible~main label[for=show-zh]{
outline:2px solid var(--happened);outline-offset:2px}
h1{font-size:1.5rem;line-height:1.3;margin:0}h2{font-size:1.05rem;margin:0 0 .35rem}
p{margin:0 0 .6rem}section>:last-child{margin-bottom:0}.quiet{color:var(--quiet);font-size:.88rem}
.tiles{list-style:none;display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));
gap:.75rem;padding:0;margin:1rem 0}
.tiles li,section{background:var(--card);border:1px solid var(--edge);border-radius:10px}
.tiles li{padding:.6rem .9rem}.tiles b{display:block;font-size:1.4rem;line-height:1.25}
.tiles span{color:var(--quiet);font-size:.86rem}
section{padding:1rem 1.15rem;margin:0 0 1rem;min-width:0}
.three{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));gap:0 1rem}
.two{display:grid;grid-template-columns:minmax(0,22rem) minmax(0,1fr);gap:1rem}
.two th,.two td{padding:.35rem .35rem}.two th{white-space:normal}
@media (max-width:60rem){.two{grid-template-columns:minmax(0,1fr)}}
.scroll{overflow-x:auto}.wide{min-width:46rem}
svg{display:block;width:100%;height:auto;max-width:100%}
.tick{font-size:11.5px;fill:var(--quiet)}.title{font-size:12px;fill:var(--text)}
.grid{stroke:var(--grid)}.line{fill:none;stroke-width:1.6}.path{stroke:var(--quiet)}
.ideal{stroke:var(--quiet);stroke-dasharray:3 4}
.dot{fill:var(--happened)}.dot.now{fill:var(--false)}.dot.best{fill:var(--averted)}
.bar.happened{fill:var(--happened)}.bar.averted{fill:var(--averted)}.bar.open{fill:var(--open)}
.bar.false{fill:var(--false)}.bar.reactive{fill:var(--reactive)}
.cross{stroke:var(--text);stroke-width:2;fill:none}
.key{display:flex;flex-wrap:wrap;gap:.1rem 1rem;margin:0 0 .4rem;padding:0;list-style:none}
.key li{color:var(--quiet);font-size:.84rem}
.key i{display:inline-block;width:.75rem;height:.75rem;border-radius:2px;margin-right:.35rem}
i.happened,.tag.happened{background:var(--happened)}i.averted,.tag.averted{background:var(--averted)}
i.open,.tag.open{background:var(--open)}i.false,.tag.false{background:var(--false)}
i.reactive,.tag.reactive{background:var(--reactive)}
.tag{border-radius:4px;padding:.05rem .4rem;color:#fff;white-space:nowrap;font-size:.82rem}
@media (prefers-color-scheme:dark){.tag{color:#11171d}}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--edge)}
th{color:var(--quiet);font-size:.8rem;font-weight:600;vertical-align:bottom;white-space:nowrap}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}td.t{white-space:nowrap}td.a{min-width:7rem;overflow-wrap:anywhere}
tr.now td{background:color-mix(in srgb,var(--false) 12%,transparent);font-weight:600}
tr.best td{background:color-mix(in srgb,var(--averted) 12%,transparent)}
td a{color:inherit;text-decoration:none}a:focus-visible{outline:2px solid var(--happened)}
.pick{display:none!important}tr:target .pick{display:block!important}
tr:target td{background:color-mix(in srgb,var(--happened) 14%,transparent)}
a:hover .dot{stroke:var(--text);stroke-width:2}
td small{display:block;font-weight:400;color:var(--quiet)}
"""

POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'"
)
"""No script, no foreign file, no style but this text (decision 20)."""
