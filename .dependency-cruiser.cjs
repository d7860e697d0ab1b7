// The order of the rooms: imports run down this list, also between sub-folders. See docs/how-we-work.md.
const FLOORS = [
  ["cli.ts"],
  ["main.ts"],
  ["wiring"],
  ["api", "appservice", "jobs"],
  ["commands"],
  ["arrivals", "audit"],
  ["conversations"],
  ["messages", "patients"],
  ["directory"],
  ["policy"],
  ["store", "config"],
  ["base"],
];

/** Within a folder, likewise; what stands in the folder itself is `.`. */
const ROOMS = {
  api: [["."], ["routes", "docs"], ["kernel"]],
  appservice: [
    ["."],
    ["gate"],
    ["callbacks", "intake", "sending", "access"],
    ["rooms"],
    ["accounts"],
    ["homeserver"],
  ],
  "appservice/gate": [["."], ["door"], ["passage"]],
  audit: [["rooms"]],
  arrivals: [["."], ["notices", "record"], ["rules"]],
  conversations: [["."], ["groups", "list"], ["record"]],
  directory: [["."], ["input"]],
  policy: [["callbacks"], ["conversations"], ["rooms"], ["people"], ["names"], ["."]],
};

/** `src/a/` for a folder, `src/a.ts` for a file; `.` is the files of `folder` itself. */
const pathOf = (folder, name) => {
  const at = folder === "" ? "^src/" : `^src/${folder}/`;
  if (name === ".") return `${at}[^/]+$`;
  return name.endsWith(".ts") ? `${at}${name.replace(".", "[.]")}$` : `${at}${name}/`;
};

const inside = (folder, name) => (folder === "" ? name : `${folder}/${name}`);

/** Nothing on a floor imports from a floor above it, nor from a neighbour on its own. */
const orderOf = ([folder, floors]) =>
  floors.flatMap((floor, index) =>
    floor.flatMap((name) => {
      const above = floors.slice(0, index + 1).flat();
      const others = above.filter((other) => other !== name);
      if (others.length === 0) return [];
      return {
        name: `order: src/${inside(folder, name)}`,
        severity: "error",
        from: { path: pathOf(folder, name) },
        to: { path: others.map((other) => pathOf(folder, other)) },
      };
    }),
  );

const PLAN = [["", FLOORS], ...Object.entries(ROOMS)];

/** Every place where a file may stand. */
const PLACES = PLAN.flatMap(([folder, floors]) =>
  floors
    .flat()
    .filter((name) => !(inside(folder, name) in ROOMS))
    .map((name) => pathOf(folder, name).replace(/\/$/, "/[^/]+$")),
);

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    ...PLAN.flatMap(orderOf),
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
      comment: "A new folder gets its place in FLOORS or ROOMS first.",
      severity: "error",
      from: {},
      to: {
        path: "^src/",
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
