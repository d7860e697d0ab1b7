/**
 * The order of the rooms: in each folder, imports run down its list. `.` is the files of the folder itself. See
 * docs/how-we-work.md.
 */
const PLAN = {
  src: [
    ["whisper.cjs"],
    ["cli.ts"],
    ["main.ts"],
    ["wiring"],
    ["api", "appservice", "jobs"],
    ["commands"],
    ["arrivals", "sms", "audit"],
    ["patients", "signals"],
    ["conversations"],
    ["mirror"],
    ["messages"],
    ["directory"],
    ["record"],
    ["policy"],
    ["store", "config"],
    ["base"],
  ],
  "src/api": [["."], ["routes", "docs"], ["kernel"]],
  "src/appservice": [
    ["."],
    ["gate"],
    ["callbacks", "intake", "sending", "access"],
    ["rooms"],
    ["accounts"],
    ["homeserver"],
  ],
  "src/appservice/gate": [["."], ["door"], ["passage", "pictures"]],
  "src/arrivals": [["."], ["notices", "record"], ["rules"]],
  "src/audit": [["events", "observe", "rooms"]],
  "src/conversations": [["."], ["groups", "list"], ["record"]],
  "src/directory": [["."], ["input"]],
  "src/messages": [["."], ["html"]],
  "src/policy": [
    ["callbacks"],
    ["conversations"],
    ["rooms", "sms"],
    ["people"],
    ["names"],
    ["directives"],
    ["."],
  ],
  "src/sms": [["."], ["provider", "record"]],
  "src/sms/provider": [["twilio"], ["."]],
  dev: [["."], ["generate", "lint", "tour"], ["stack"], ["synapse", "clients"], ["base"]],
};

const pathOf = (folder, name) => {
  if (name === ".") return `^${folder}/[^/]+$`;
  return name.endsWith(".ts") ? `^${folder}/${name.replace(".", "[.]")}$` : `^${folder}/${name}/`;
};

/** Nothing on a floor imports from a floor above it, nor from a neighbour on its own. */
const orderOf = ([folder, floors]) =>
  floors.flatMap((floor, index) =>
    floor.flatMap((name) => {
      const above = floors.slice(0, index + 1).flat();
      const others = above.filter((other) => other !== name);
      if (others.length === 0) return [];
      return {
        name: `order: ${folder}/${name}`,
        severity: "error",
        from: { path: pathOf(folder, name) },
        to: { path: others.map((other) => pathOf(folder, other)) },
      };
    }),
  );

/** Every place where a file may stand. */
const PLACES = Object.entries(PLAN).flatMap(([folder, floors]) =>
  floors
    .flat()
    .filter((name) => !(`${folder}/${name}` in PLAN))
    .map((name) => pathOf(folder, name).replace(/\/$/, "/[^/]+$")),
);

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    ...Object.entries(PLAN).flatMap(orderOf),
    {
      name: "policy-is-pure",
      comment:
        "Rules are functions from plain data to plain data. They import nothing but each other and base/.",
      severity: "error",
      from: { path: "^src/policy/" },
      to: { pathNot: "^src/(policy|base)/" },
    },
    {
      name: "a-room-on-the-plan",
      comment: "A new folder gets its place in PLAN first.",
      severity: "error",
      from: {},
      to: {
        path: "^(src|dev)/",
        pathNot: PLACES,
      },
    },
    {
      name: "no-tests-in-the-product",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|dev)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
