import type { RequestHandler } from "express";
import type { ReportedState, SmsFailure, Submitted } from "../../policy/sms/states.ts";

/** Another gateway is one folder that implements this. Nothing of it may throw an error that holds a number or a text. */
export interface SmsProvider {
  readonly name: string;
  /**
   * Asks the provider to send an SMS, once. It never tries again by itself, and never throws: an answer that could mean
   * anything is `unknown`.
   * @param ref names the attempt: reports about it carry the ref.
   */
  submit(sms: { readonly to: string; readonly body: string; readonly ref: string }): Promise<Submitted>;
  /**
   * What the provider has to this number with exactly this body, newest first.
   * @param sms `ago`: made at most this many milliseconds ago. Not a time: its clock may differ from ours.
   * @throws ProviderAway if it cannot say.
   */
  find(sms: {
    readonly to: string;
    readonly body: string;
    readonly ago: number;
  }): Promise<readonly ProviderSms[]>;
  /** What became of an SMS; null: it does not know it. @throws ProviderAway if it cannot say. */
  ask(sid: string): Promise<ProviderSms | null>;
  /**
   * What came in since then, by the provider's clock, oldest first; it may be more. Null: nothing, only the clock.
   * @throws ProviderAway if it cannot say.
   */
  received?(since: Date | null): Promise<ReceivedSms>;
  /** What the provider calls at `{public_url}/webhooks/{name}`, if it calls anything. */
  webhooks?(reports: ProviderReports): RequestHandler;
}

/** The provider does not answer, or not so that it can be understood. */
export class ProviderAway extends Error {
  override readonly name = "ProviderAway";
}

export interface ProviderSms {
  readonly sid: string;
  /** Null: a status that says nothing new. */
  readonly state: ReportedState | null;
  readonly failure: SmsFailure | null;
}

export interface StatusReport {
  readonly ref: string;
  readonly sid: string;
  readonly status: string;
  readonly state: ReportedState | null;
  readonly errorCode: string | null;
  readonly failure: SmsFailure | null;
}

export interface ReceivedSms {
  readonly sms: readonly IncomingSms[];
  /** The provider's clock when it was asked. */
  readonly asOf: Date;
  /** False: there were more than can be fetched, and the oldest are left out. */
  readonly all: boolean;
}

export interface IncomingSms {
  readonly sid: string;
  /** When it came, by this machine's clock; null: now. */
  readonly at: Date | null;
  /** E.164, or whatever the provider has: a short code, a name. */
  readonly from: string;
  readonly text: string;
  readonly hasMedia: boolean;
}

/** What is done with the provider's calls. They are answered once this is committed. */
export interface ProviderReports {
  status(report: StatusReport): Promise<void>;
  incoming(sms: IncomingSms): Promise<void>;
}
