/** The style sheet of /docs. Its hash is in the page's content security policy. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1d2733; --dim: #5b6876; --paper: #fff; --tint: #f4f6f8; --line: #dde3e9; --link: #0b5cad;
  --get: #1b6e3c; --put: #8a5a00; --post: #0b5cad; --patch: #6d3aa8; --delete: #a52121; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --dim: #9aa7b5; --paper: #14191f; --tint: #1d242c; --line: #303a45;
  --link: #7db8f5; --get: #6fcf97; --put: #e8b44c; --post: #7db8f5; --patch: #c3a0f0; --delete: #f08a8a; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; display: grid; grid-template-columns: 19rem minmax(0, 1fr); color: var(--ink); background: var(--paper);
  font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.25rem 1rem 2rem 1.25rem; background: var(--tint);
  border-right: 1px solid var(--line); font-size: .86rem; }
nav .home { font-weight: 700; font-size: 1.05rem; color: var(--ink); }
nav h2 { margin: 1.1rem 0 .3rem; font-size: .72rem; text-transform: uppercase; letter-spacing: .06em; color: var(--dim); border: 0; padding: 0; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: flex; gap: .5rem; align-items: baseline; padding: .16rem 0; }
main { padding: 2rem clamp(1.25rem, 4vw, 4rem) 6rem; max-width: 64rem; }
h1 { margin: 0 0 1rem; font-size: 2rem; }
main > h2 { margin: 3.2rem 0 0; padding-bottom: .3rem; border-bottom: 2px solid var(--line); font-size: 1.5rem; }
section { padding: 1.6rem 0; border-bottom: 1px solid var(--line); }
section:target > h3 { color: var(--link); }
h3 { margin: 0 0 .4rem; font-size: 1.15rem; }
h4 { margin: 1.2rem 0 .3rem; font-size: .72rem; text-transform: uppercase; letter-spacing: .06em; color: var(--dim); }
p { margin: .5rem 0; white-space: normal; }
code { font: .88em ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
p code, td code, dd code { background: var(--tint); border-radius: 4px; padding: .08em .3em; }
.address code { background: none; padding: 0; font-size: 1rem; }
.address b { color: var(--dim); font-weight: 600; }
.method { display: inline-block; flex: 0 0 4.1em; font: 700 .68rem/1.5 ui-monospace, Menlo, Consolas, monospace; }
.address .method { flex: none; border: 1px solid; border-radius: 4px; padding: 0 .5em; margin-right: .35rem; font-size: .78rem; }
.get { color: var(--get); } .put { color: var(--put); } .post { color: var(--post); } .patch { color: var(--patch); } .delete { color: var(--delete); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .9rem .4rem 0; border-top: 1px solid var(--line); font-weight: 400; }
th { width: 34%; } td:nth-child(2) { width: 22%; color: var(--dim); }
small { color: var(--dim); }
pre { margin: .7rem 0; padding: .8rem 1rem; background: var(--tint); border: 1px solid var(--line); border-radius: 8px; overflow-x: auto;
  font: .82rem/1.5 ui-monospace, Menlo, Consolas, monospace; }
dl.answers { display: grid; grid-template-columns: 3.2rem minmax(0, 1fr); gap: .3rem .6rem; margin: 0; font-size: .92rem; }
dt { font: 700 .85rem/1.8 ui-monospace, Menlo, Consolas, monospace; color: var(--get); } dt.problem { color: var(--dim); } dd { margin: 0; }
dt.problem + dd { color: var(--dim); }
@media (max-width: 56rem) { body { display: block; } nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); } }
`;
