/** Waits for what a Matrix client shows, without sleeping. */
import { ClientEvent, type MatrixClient, RoomEvent } from "matrix-js-sdk";

const NEWS = [ClientEvent.Sync, ClientEvent.Event, ClientEvent.Room] as const;

/**
 * Looks immediately, and again after every sync, until `look` returns something.
 * @throws what `tooLate` returns, after `ms` milliseconds.
 */
export function afterSyncs<T>(
  client: MatrixClient,
  look: () => T | undefined | false,
  ms: number,
  tooLate: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearTimeout(timer);
      for (const event of NEWS) client.off(event, check);
      client.off(RoomEvent.Redaction, check);
      client.off(RoomEvent.MyMembership, check);
    };
    const check = () => {
      try {
        const found = look();
        if (found === undefined || found === false) return;
        finish();
        resolve(found);
      } catch (error) {
        finish();
        reject(error);
      }
    };
    const timer = setTimeout(() => {
      finish();
      reject(tooLate());
    }, ms);
    for (const event of NEWS) client.on(event, check);
    client.on(RoomEvent.Redaction, check);
    client.on(RoomEvent.MyMembership, check);
    check();
  });
}
