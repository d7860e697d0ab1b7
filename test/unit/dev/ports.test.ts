import { expect } from "chai";
import { choosePorts, freePort, OWN_PORTS } from "../../../dev/stack/ports.ts";

describe("ports for a stack", () => {
  it("are none that an outgoing connection could get before a server listens on it", async () => {
    const ports = [...Object.values(await choosePorts("auto")), await freePort()];
    for (const port of ports) expect(port).to.be.within(OWN_PORTS.from, OWN_PORTS.to);
    // Linux gives outgoing connections ports from 32768 on, others from 49152 on.
    expect(OWN_PORTS.to).to.be.below(32_768);
  });

  it("differ within a stack", async () => {
    const ports = Object.values(await choosePorts("auto"));
    expect(new Set(ports).size).to.equal(ports.length);
  });
});
