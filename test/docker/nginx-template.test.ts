/** docker/nginx as the image starts it: Debian's real nginx reads the template with the names filled in. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { around, NGINX, placeFiles } from "../support/nginx/nginx-server.ts";
import { NGINX as NGINX_PROGRAM, withProgram } from "../support/run/programs.ts";

withProgram(NGINX_PROGRAM, ({ describe }) => {
  describe("nginx as the image starts it", () => {
    it("accepts the template with the names filled in", () => {
      const directory = mkdtempSync(join(tmpdir(), "whisper-nginx-"));
      try {
        const tls = [
          "-x509",
          "-newkey",
          "rsa:2048",
          "-nodes",
          "-days",
          "1",
          "-subj",
          "/CN=chat.practice.example",
        ];
        execFileSync(
          "openssl",
          ["req", ...tls, "-keyout", `${directory}/key.pem`, "-out", `${directory}/certificate.pem`],
          {
            stdio: "ignore",
          },
        );
        placeFiles(directory);
        const names: Readonly<Record<string, string>> = {
          RESOLVER: "resolver 127.0.0.11 valid=5s ipv6=off;",
          SYNAPSE: "synapse:8008",
          WHISPER: "whisper:9000",
          ELEMENT: "element:8080",
          PUBLIC_HOST: "chat.practice.example",
          SERVER_NAME: "practice.example",
        };
        const http = readFileSync(join(NGINX, "whisper.conf.template"), "utf8")
          .replace(/\$\{([A-Z_]+)\}/g, (_whole, name: string) => names[name] ?? `\${${name}}`)
          .replaceAll("/etc/nginx/tls", directory)
          .replace(/\/dev\/std(out|err)/g, `${directory}/log`);
        writeFileSync(join(directory, "nginx.conf"), around(directory, http));
        execFileSync(
          "nginx",
          ["-t", "-p", directory, "-c", join(directory, "nginx.conf"), "-e", `${directory}/error.log`],
          {
            stdio: "pipe",
          },
        );
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
  });
});
