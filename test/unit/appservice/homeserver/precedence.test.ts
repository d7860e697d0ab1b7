import { expect } from "chai";
import type { Homeserver } from "../../../../src/appservice/homeserver/homeserver.ts";
import { withPrecedence } from "../../../../src/appservice/homeserver/precedence.ts";

describe("homeserver calls for which no one waits", () => {
  const made: string[] = [];
  const answers = new Map<string, () => void>();
  const homeserver: Homeserver = {
    call: <T>({ path }: { path: string }) =>
      new Promise<T>((resolve) => {
        made.push(path);
        answers.set(path, () => resolve({} as T));
      }),
  };
  const call = (by: Homeserver, path: string) => by.call({ method: "GET", path });
  const settle = () => new Promise(setImmediate);
  beforeEach(() => {
    made.length = 0;
    answers.clear();
  });

  it("wait while people's calls are in progress, and continue after the last of them is answered", async () => {
    const { first, behind } = withPrecedence(homeserver, 60_000);
    const people = [call(first, "/one"), call(first, "/two")];
    const later = call(behind, "/import");
    await settle();
    expect(made).to.deep.equal(["/one", "/two"]);
    answers.get("/one")?.();
    await people[0];
    await settle();
    expect(made).not.to.include("/import");
    answers.get("/two")?.();
    await people[1];
    await settle();
    expect(made.at(-1)).to.equal("/import");
    answers.get("/import")?.();
    await later;
  });

  it("run two at a time while someone waits, and eight otherwise", async () => {
    const { first, behind } = withPrecedence(homeserver, 60_000);
    const ten = (name: string) => Array.from({ length: 10 }, (_, index) => call(behind, `/${name}/${index}`));
    ten("alone");
    await settle();
    expect(made).to.have.length(8);
    const other = withPrecedence(homeserver, 60_000);
    made.length = 0;
    const person = call(other.first, "/person");
    answers.get("/person")?.();
    await person;
    const calls = Array.from({ length: 10 }, (_, index) => call(other.behind, `/beside/${index}`));
    await settle();
    expect(made).to.deep.equal(["/person", "/beside/0", "/beside/1"]);
    answers.get("/beside/0")?.();
    await calls[0];
    await settle();
    expect(made.at(-1)).to.equal("/beside/2");
    expect(made).to.have.length(4);
    expect(first).to.be.an("object");
  });

  it("run immediately if no one waits, and eventually even if someone always does", async () => {
    const { first, behind } = withPrecedence(homeserver, 1);
    const alone = call(behind, "/alone");
    await settle();
    expect(made).to.deep.equal(["/alone"]);
    answers.get("/alone")?.();
    await alone;
    void call(first, "/for ever");
    const later = call(behind, "/import");
    while (!made.includes("/import")) await settle();
    answers.get("/import")?.();
    await later;
  });
});
