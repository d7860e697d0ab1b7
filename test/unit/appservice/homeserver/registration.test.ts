import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { readRegistration, registrationOf } from "../../../../src/appservice/homeserver/registration.ts";

const OPTIONS = {
  url: "http://whisper:9000",
  serverName: "chat.practice.com.au",
  userPrefix: "ht_",
  bot: "whisper",
};

describe("the registration", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "whisper-registration-"));
  });
  after(() => rmSync(folder, { recursive: true }));
  const read = (content: object) => {
    const file = join(folder, "registration.yaml");
    writeFileSync(file, stringify(content));
    return readRegistration(file);
  };

  it("has a namespace that is not exclusive, since people search leaves out exclusive ones", () => {
    const { namespaces } = registrationOf(OPTIONS);
    expect(namespaces).to.deep.equal({
      users: [{ exclusive: false, regex: "@ht_.*:chat\\.practice\\.com\\.au" }],
    });
  });

  it("asks for receipts by both names, and for no rate limit", () => {
    expect(registrationOf(OPTIONS)).to.include({
      receive_ephemeral: true,
      "de.sorunome.msc2409.push_ephemeral": true,
      rate_limited: false,
      sender_localpart: "whisper",
    });
  });

  it("has new tokens each time, or the given ones", () => {
    const first = registrationOf(OPTIONS);
    expect(first.as_token).to.match(/^[0-9a-f]{64}$/);
    expect(first.as_token).not.to.equal(first.hs_token);
    expect(registrationOf(OPTIONS).as_token).not.to.equal(first.as_token);
    expect(registrationOf({ ...OPTIONS, tokens: { as: "a", hs: "h" } })).to.include({
      as_token: "a",
      hs_token: "h",
    });
  });

  it("is read back as it was written", () => {
    const written = registrationOf(OPTIONS);
    const { registration, hsToken } = read(written);
    expect(hsToken).to.equal(written.hs_token);
    expect(registration.getAppServiceToken()).to.equal(written.as_token);
  });

  it("is refused if it is the template, incomplete or missing, with the command that creates one", () => {
    const command = /whisper generate-registration --out/;
    expect(() => read(registrationOf({ ...OPTIONS, tokens: { as: "CHANGE_ME", hs: "CHANGE_ME" } }))).to.throw(
      command,
    );
    expect(() => readRegistration(join(folder, "none.yaml"))).to.throw(command);
    const { hs_token: _, ...incomplete } = registrationOf(OPTIONS);
    expect(() => read(incomplete)).to.throw();
  });

  it("is not quoted if it is not YAML, since it contains tokens", () => {
    const file = join(folder, "broken.yaml");
    writeFileSync(file, "hs_token: [very-secret\nas_token: also-secret\n");
    expect(() => readRegistration(file))
      .to.throw(/is not YAML/)
      .and.have.property("message")
      .that.does.not.match(/secret/);
  });

  it("is in the repository as a template without tokens", () => {
    const text = readFileSync(new URL("../../../../registration.yaml", import.meta.url), "utf8");
    expect(text)
      .to.match(/^hs_token: CHANGE_ME$/m)
      .and.to.match(/^as_token: CHANGE_ME$/m);
  });
});
