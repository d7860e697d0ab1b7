import { createHash, timingSafeEqual } from "node:crypto";
import type { Registry } from "prom-client";
import { z } from "zod";
import type { HealthCheck } from "../../base/health-check.ts";
import { bearerOf } from "../kernel/key-ring.ts";
import { Problem } from "../kernel/problem.ts";
import { type Route, route } from "../kernel/route.ts";

export interface HealthRouteDependencies {
  /** By name: database, homeserver, inbox_lag. One that throws, or takes longer than 5 s, is not well. */
  readonly checks: Readonly<Record<string, () => Promise<HealthCheck>>>;
  readonly metrics: Pick<Registry, "metrics" | "contentType">;
  /** Who may read the metrics; none: only this machine. */
  readonly metricsToken?: string;
}

const PATIENCE_MS = 5_000;
const TAG = "Health";

const readiness = z.strictObject({
  ready: z.boolean(),
  checks: z.record(
    z.string(),
    z.strictObject({ ok: z.boolean(), detail: z.string().optional(), value: z.number().optional() }),
  ),
});

export function healthRoutes(dependencies: HealthRouteDependencies): Route[] {
  return [
    route({
      method: "GET",
      path: "/health/live",
      scope: "public",
      tag: TAG,
      summary: "Check that the process is running",
      responses: {
        200: { description: "It is running.", body: z.strictObject({ live: z.literal(true) }) },
      },
      handler: async () => ({ status: 200, body: { live: true } }),
    }),
    route({
      method: "GET",
      path: "/health/ready",
      scope: "public",
      tag: TAG,
      summary: "Check that everything Whisper needs is working",
      responses: {
        200: { description: "Everything is working.", body: readiness },
        503: { description: "Something is not working: see the checks.", body: readiness },
      },
      handler: async () => {
        const names = Object.entries(dependencies.checks);
        const results = await Promise.all(
          names.map(async ([name, check]) => [name, await outcome(check)] as const),
        );
        const ready = results.every(([, result]) => result.ok);
        return { status: ready ? 200 : 503, body: { ready, checks: Object.fromEntries(results) } };
      },
    }),
    route({
      method: "GET",
      path: "/metrics",
      scope: "public",
      tag: TAG,
      summary: "Get metrics for Prometheus",
      description:
        "Send the configured token as a bearer token. If none is configured, only the same machine may read metrics.",
      responses: { 200: { description: "Prometheus's text format.", contentType: "text/plain" } },
      problems: {
        401: "The token is missing or wrong.",
        403: "No token is configured, and the request came from another machine.",
      },
      handler: async (_input, context) => {
        mayReadMetrics(dependencies.metricsToken, context.header("authorization"), context.remoteAddress);
        return {
          status: 200,
          content: { type: dependencies.metrics.contentType, data: await dependencies.metrics.metrics() },
        };
      },
    }),
  ];
}

async function outcome(check: () => Promise<HealthCheck>): Promise<HealthCheck> {
  const { promise: late, resolve } = Promise.withResolvers<HealthCheck>();
  const timer = setTimeout(() => resolve({ ok: false, detail: "no answer" }), PATIENCE_MS);
  try {
    return await Promise.race([check(), late]);
  } catch {
    return { ok: false, detail: "failed" };
  } finally {
    clearTimeout(timer);
  }
}

function mayReadMetrics(token: string | undefined, authorization: string | undefined, address: string): void {
  if (token === undefined) {
    // The connection's own address: a header can say anything.
    if (isLoopback(address)) return;
    throw new Problem("forbidden", "Only this machine may read metrics, because no token is configured.");
  }
  const given = bearerOf(authorization);
  // Digests all have the same length, so the comparison takes constant time.
  if (given !== null && timingSafeEqual(digest(given), digest(token))) return;
  throw new Problem("unauthorized", "Send the metrics token as Authorization: Bearer <token>.", {
    headers: { "WWW-Authenticate": "Bearer" },
  });
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const isLoopback = (address: string): boolean => address === "::1" || /^(::ffff:)?127\./.test(address);
