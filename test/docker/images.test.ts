/** The Dockerfiles: versions, file modes, users. */
import { expect } from "chai";
import { compose, read } from "./docker-files.ts";

describe("the images", () => {
  it("are readable inside, whatever the file modes of the clone that they were built from", () => {
    expect(read("docker/Dockerfile")).to.match(
      /^RUN chmod -R go=rX,u\+rw package\.json vendor src dev docker \/etc\/whisper/m,
    );
    const synapse = read("docker/synapse/Dockerfile");
    for (const [, from = "", to] of synapse.matchAll(/^COPY (?!--chmod)(.+) (\S+)$/gm)) {
      expect(synapse, from).to.match(new RegExp(`^RUN .*chmod 0644 .*${to}\\*`, "m"));
    }
  });

  it("have the versions that the tests use", () => {
    const pinned = (name: string) =>
      new RegExp(`^${name}==(.*)$`, "m").exec(read("dev/synapse/synapse-requirements.txt"))?.[1];
    expect(read("docker/synapse/Dockerfile"))
      .to.contain(`matrixdotorg/synapse:v${pinned("matrix-synapse")}\n`)
      .and.contain(`synapse-http-antispam==${pinned("synapse-http-antispam")}\n`);
    const { engines, devDependencies } = JSON.parse(read("package.json"));
    const major = /^(\d+)\./.exec(devDependencies.node)?.[1];
    expect(engines.node).to.equal(`>=${major}`);
    expect(read("docker/Dockerfile").match(/^FROM \S+/gm)).to.deep.equal(
      Array(2).fill(`FROM docker.io/library/node:${major}-slim`),
    );
    for (const { image } of Object.values(compose.services)) expect(image).to.not.match(/:latest$/);
  });

  it("do not run as root, and contain only what they need", () => {
    expect(read("docker/Dockerfile"))
      .to.match(/^USER 1000:1000$/m)
      .and.contain("npm ci --omit=dev");
    expect(read("docker/synapse/Dockerfile")).to.match(/^USER 1000:1000$/m);
    const ignore = read("docker/Dockerfile.dockerignore").split("\n");
    expect(ignore).to.include("*");
    const copied = [...read("docker/Dockerfile").matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap((match) =>
      (match[1] ?? "").split(" "),
    );
    expect(ignore.filter((line) => line.startsWith("!")).map((line) => line.slice(1))).to.have.members([
      ...new Set(copied),
    ]);
  });
});
