// The direction of imports: main -> edges -> features -> rules -> store, config. See docs/how-we-work.md.
const inside = (folder) => `^src/${folder}/`;
const features = "^src/(arrivals|sms|messages|conversations|audit)/";
const edges = "^src/(api|appservice|jobs|console)/";

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "policy-is-pure",
      comment:
        "policy/ holds rules as functions from plain data to plain data: it imports nothing but itself.",
      severity: "error",
      from: { path: inside("policy") },
      to: { pathNot: inside("policy") },
    },
    {
      name: "features-know-no-edge",
      comment: "A feature declares the narrow port it needs; the edge implements it.",
      severity: "error",
      from: { path: features },
      to: { path: edges },
    },
    {
      name: "directory-below-features",
      severity: "error",
      from: { path: inside("directory") },
      to: { path: [features, edges] },
    },
    {
      name: "store-and-config-at-the-bottom",
      severity: "error",
      from: { path: "^src/(store|config)/" },
      to: { path: "^src/", pathNot: "^src/(store|config)/" },
    },
    {
      name: "nobody-imports-the-roots",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(main|cli)\\.ts$" },
      to: { path: "^src/(main|cli)\\.ts$" },
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
