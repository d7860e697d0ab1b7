/** A pooler between Whisper and PostgreSQL: Debian's real PgBouncer, in each of its modes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { freePort } from "../../../dev/stack/ports.ts";
import { unprivilegedRunner } from "../../../dev/stack/unprivileged.ts";
import { requireOwnSessions, SharedSessions } from "../../../src/store/own-sessions.ts";
import { emptyDatabaseUrl } from "../../support/database/postgres.ts";
import { eventually } from "../../support/eventually.ts";
import { PGBOUNCER, withProgram } from "../../support/run/programs.ts";

const outcome = (url: string): Promise<unknown> =>
  requireOwnSessions(url).then(
    () => "its own",
    (error: unknown) => error,
  );

describe("the sessions of the database", () => {
  it("are Whisper's own on PostgreSQL itself", async () => {
    expect(await outcome(await emptyDatabaseUrl())).to.equal("its own");
  });

  it("are not reported as shared if the database does not answer", async () => {
    const url = `postgres://u:p@127.0.0.1:${await freePort()}/w`;
    const error = await outcome(url);
    expect(error).to.be.instanceOf(Error).and.not.instanceOf(SharedSessions);
  });
});

withProgram(PGBOUNCER, ({ describe, command: [program] }) => {
  describe("PgBouncer", function () {
    this.timeout(60_000);
    const running: { child: ChildProcess; directory: string }[] = [];
    after(async () => {
      for (const { child, directory } of running) {
        child.kill("SIGKILL");
        await once(child, "exit");
        rmSync(directory, { recursive: true, force: true });
      }
    });

    async function bouncer(mode: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
      const url = new URL(await emptyDatabaseUrl());
      const directory = mkdtempSync(join(tmpdir(), "whisper-pgbouncer-"));
      const port = await freePort();
      const settings = {
        listen_addr: "127.0.0.1",
        listen_port: String(port),
        unix_socket_dir: "",
        auth_type: "plain",
        auth_file: join(directory, "users"),
        pool_mode: mode,
        ...more,
      };
      const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
      const { hostname, port: server, username, password, pathname } = url;
      const target = `host=${hostname} port=${server} user=${username} password=${decodeURIComponent(password)}`;
      writeFileSync(join(directory, "ini"), `[databases]\n* = ${target}\n[pgbouncer]\n${lines.join("\n")}\n`);
      writeFileSync(join(directory, "users"), `"${username}" "${decodeURIComponent(password)}"\n`);
      // PgBouncer refuses to run as root, and must be able to read them whatever the umask is, and wherever they are.
      for (const file of ["ini", "users"]) chmodSync(join(directory, file), 0o644);
      const runAs = unprivilegedRunner([directory], directory);
      const { command, args } = runAs.wrap(program, [join(directory, "ini")]);
      const child = spawn(command, args, { ...runAs.ids, cwd: "/", stdio: "ignore" });
      running.push({ child, directory });
      await eventually("PgBouncer to listen", async () => {
        const socket = connect(port, "127.0.0.1");
        try {
          await once(socket, "connect");
          return true;
        } catch {
          return false;
        } finally {
          socket.destroy();
        }
      });
      return `postgres://${username}:${password}@127.0.0.1:${port}${pathname}`;
    }

    const allowed = { ignore_startup_parameters: "extra_float_digits,statement_timeout" };
    for (const [what, mode, more] of [
      ["in transaction mode", "transaction", allowed],
      [
        "in transaction mode, handing its sessions out in turn",
        "transaction",
        { ...allowed, server_round_robin: "1" },
      ],
      ["in transaction mode with one session", "transaction", { ...allowed, default_pool_size: "1" }],
      ["in statement mode", "statement", allowed],
      ["as it is installed", "session", {}],
    ] as const) {
      it(`is refused ${what}, with the reason and what to do`, async () => {
        const error = await outcome(await bouncer(mode, more));
        expect(error).to.be.instanceOf(SharedSessions);
        expect(String(error)).to.contain("PgBouncer in transaction mode").and.contain("pool_mode = session");
      });
    }

    it("is accepted in session mode if it passes the statement timeout on", async () => {
      expect(await outcome(await bouncer("session", allowed))).to.equal("its own");
    });
  });
});
