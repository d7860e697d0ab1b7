import { forgetOldIdempotencyKeys } from "../api/kernel/idempotency.ts";
import { accountAtSynapse } from "../appservice/accounts/account-state.ts";
import { findChangedAccounts } from "../appservice/accounts/changed-accounts.ts";
import { reassertNotifications } from "../appservice/accounts/reassert.ts";
import { HomeserverAway } from "../appservice/homeserver/homeserver.ts";
import { originalContentIn } from "../appservice/homeserver/original-content.ts";
import { findGaps, queueGapCheck } from "../appservice/intake/gaps.ts";
import { findLostReceipts } from "../appservice/intake/lost-receipts.ts";
import { closeOrphanRooms } from "../appservice/rooms/orphan-rooms.ts";
import type { RoomTaken } from "../appservice/rooms/reconciler.ts";
import { roomEvents } from "../appservice/rooms/room-events.ts";
import { roomPins } from "../appservice/sending/pins.ts";
import { matrixTasks } from "../appservice/tasks.ts";
import { recipientsMayChange } from "../arrivals/changed-recipients.ts";
import { arrivalEvents } from "../arrivals/events.ts";
import { toggleHistory } from "../arrivals/history.ts";
import { dayOf, timeOf } from "../arrivals/notices/clock.ts";
import { roomTaken } from "../arrivals/replaced-room.ts";
import { arrivalTimes } from "../arrivals/stale.ts";
import { arrivalTasks } from "../arrivals/tasks.ts";
import { recordOriginal } from "../audit/events/originals.ts";
import { recordParked } from "../audit/events/parked.ts";
import { recordEvents } from "../audit/events/record-events.ts";
import { observedEvents } from "../audit/observe/observed-events.ts";
import { endQuietSessions } from "../audit/observe/sessions.ts";
import { queueRoomAudit } from "../audit/rooms/room-audits.ts";
import { runRoomAudit } from "../audit/rooms/room-job.ts";
import { commandsOf } from "../commands/commands.ts";
import { commandEvents } from "../commands/events.ts";
import { alertEvents } from "../conversations/alert-status.ts";
import { expireAlert } from "../conversations/alerts.ts";
import { customGroupEvents } from "../conversations/groups/custom-group-events.ts";
import { editConversation } from "../conversations/groups/edit.ts";
import { activityEvents } from "../conversations/list/activity-events.ts";
import { archiveQuiet } from "../conversations/list/archive.ts";
import { forgetReadMessages } from "../conversations/list/read-messages.ts";
import { mediaEvents } from "../conversations/media.ts";
import { openConversation } from "../conversations/open.ts";
import { welcome } from "../conversations/welcome.ts";
import { forgetOldChanges } from "../directory/change-log.ts";
import { type JobRunner, startJobs, type TaskList, type Timed } from "../jobs/runner.ts";
import { clearReplacedJobs } from "../jobs/upkeep.ts";
import type { EventHandler } from "../messages/event.ts";
import { settleGivenUp } from "../messages/given-up.ts";
import { forgetHandledEvents, redactionEvents } from "../messages/inbox-retention.ts";
import { forgetSends } from "../messages/outbox.ts";
import { patientEvents } from "../patients/events.ts";
import type { EventId } from "../policy/model.ts";
import { messageSignals } from "../signals/message-signals.ts";
import { forgetSignals } from "../signals/record.ts";
import { workOnSms } from "../sms/carry-out.ts";
import { smsEvents } from "../sms/events.ts";
import { fetchMissedReplies } from "../sms/missed-replies.ts";
import { forgetSms } from "../sms/record/messages.ts";
import { forgetReplies } from "../sms/record/replies.ts";
import { roomOfSmsTaken } from "../sms/replaced-room.ts";
import { type Database, isDatabaseDown } from "../store/database.ts";
import { addJob } from "../store/jobs.ts";
import { directoryChanges } from "./directory-changes.ts";
import { givenUpHandlers } from "./given-up.ts";
import type { Services } from "./services.ts";

/** Starts running jobs. `onLost`: the database went away, and with it this runner's claim to its jobs. */
export async function startWork(services: Services, onLost: (error: Error) => void): Promise<JobRunner> {
  const { database, databaseUrl, log } = services;
  // The configuration may name a reception now, or let others follow more arrivals.
  await recipientsMayChange(database);
  await queueMissedReplies(database);
  return startJobs({
    database,
    databaseUrl,
    tasks: tasksOf(services),
    timed: timetable(services),
    log,
    isAway: (error) => error instanceof HomeserverAway || isDatabaseDown(error),
    onFatal: onLost,
  });
}

/** What the features do with events, in this order. */
function handlersOf(services: Services): EventHandler[] {
  const { conversationDependencies, arrivalDependencies, directory, homeserver, settings } = services;
  const { zone } = arrivalDependencies.arrivalSettings;
  const commands = commandsOf({
    open: (tx, request) => openConversation(conversationDependencies, tx, request),
    edit: (tx, id, request) => editConversation(conversationDependencies, tx, id, request),
    changes: directoryChanges(services.record),
    alertRoles: services.config.arrivals.alert_roles,
    toggleArrivals: (tx, username) => toggleHistory(tx, arrivalDependencies, username, null),
    showTime: (at) => timeOf(zone, at, dayOf(zone, new Date())),
    startAudit: (tx, { event, repair }) =>
      queueRoomAudit(tx, { id: event, roomIds: null, repair, tells: "always" }),
  });
  return [
    // First: it compares with what was known before the event, and takes its lock before jobs are queued.
    customGroupEvents({
      ...conversationDependencies,
      isDeactivated: async (user) => (await accountAtSynapse(homeserver, user))?.deactivated ?? false,
    }),
    recordEvents(settings, services.record),
    roomEvents(services),
    activityEvents(settings),
    alertEvents(settings),
    mediaEvents(settings),
    arrivalEvents(arrivalDependencies),
    smsEvents(services.smsDependencies),
    patientEvents({ directory, settings, publicUrl: services.config.public_url }),
    messageSignals,
    observedEvents,
    commandEvents({ directory, settings, commands }),
    // Last: the others may still read what is being deleted.
    redactionEvents,
  ];
}

const newRoom: RoomTaken = async (tx, conversation) => {
  await roomTaken(tx, conversation);
  await roomOfSmsTaken(tx, conversation);
  await welcome(tx, conversation);
};

function tasksOf(services: Services): TaskList {
  const { database, homeserver, log, audit, record, settings } = services;
  const givenUp = givenUpHandlers(services);
  return {
    ...matrixTasks({ ...services, handlers: handlersOf(services), roomTaken: newRoom }),
    ...arrivalTasks(services.arrivalDependencies, database, roomPins(homeserver)),
    given_up: ({ ref }) => settleGivenUp(database, givenUp, ref),
    sms: ({ sms_id }) => workOnSms({ ...services.smsDependencies, database }, sms_id),
    sms_replies: () => fetchMissedReplies({ ...services.smsDependencies, database }),
    alert_expiry: ({ alert_id }) => expireAlert(database, alert_id),
    gaps: async (search) => {
      await findGaps({ ...audit, homeserver, log }, search);
      await findLostReceipts(services);
    },
    record_original: ({ event_id }) =>
      recordOriginal(
        { database, settings, record, originalContent: originalContentIn(homeserver) },
        event_id as EventId,
      ),
    room_audit: ({ audit_id }) => runRoomAudit({ ...audit, record }, audit_id),
  };
}

/** The schedule, in UTC; nightly means the small hours of eastern Australia. */
function timetable(services: Services): Timed[] {
  const { database, settings, conversationDependencies } = services;
  return [
    { name: "upkeep_jobs", cron: "*/10 * * * *", run: () => clearReplacedJobs(database) },
    { name: "changed_accounts", cron: "*/5 * * * *", run: () => findChangedAccounts(services) },
    { name: "missed_replies", cron: "*/5 * * * *", run: () => queueMissedReplies(database) },
    // Before anyone decides to discard one.
    {
      name: "record_parked",
      cron: "* * * * *",
      run: () => recordParked(database, settings, services.record),
    },
    { name: "upkeep_changes", cron: "17 * * * *", run: () => forgetOldChanges(database) },
    { name: "retention", cron: "5 17 * * *", run: () => forgetOld(services) },
    { name: "upkeep_signals", cron: "27 * * * *", run: () => forgetSignals(database) },
    {
      name: "observe_sessions",
      cron: "* * * * *",
      run: async () =>
        endQuietSessions(database, {
          directory: await services.directory.fresh(),
          settings,
          record: services.record,
        }),
    },
    { name: "upkeep_keys", cron: "7 * * * *", run: () => forgetOldIdempotencyKeys(database) },
    { name: "visibility", cron: "11 * * * *", run: () => archiveQuiet(database, conversationDependencies) },
    {
      name: "orphan_rooms",
      cron: "*/20 * * * *",
      run: () => closeOrphanRooms(database, services.directory, settings),
    },
    { name: "notifications", cron: "23 * * * *", run: () => reassertNotifications(services) },
    { name: "gaps_nightly", cron: "31 16 * * *", run: () => queueGapCheck(database, "all") },
    {
      name: "room_audit_nightly",
      cron: "41 16 * * *",
      run: () => database.transaction((tx) => queueRoomAudit(tx, nightlyRoomAudit())),
    },
    ...arrivalTimes(services.arrivalDependencies, database),
  ];
}

/** SMS that came in while nobody listened are fetched at each start too. */
const queueMissedReplies = (database: Database) =>
  addJob(database, "sms_replies", {}, { queue: "sms_replies" });

const nightlyRoomAudit = () => ({
  id: `night ${new Date().toISOString()}`,
  roomIds: null,
  repair: true,
  tells: "if_differing" as const,
});

/** Nobody needs what was handled long ago. Synapse keeps the messages themselves. */
async function forgetOld({ config, database, settings }: Services): Promise<void> {
  const before = new Date(Date.now() - config.retention);
  await forgetSends(database, before);
  await forgetSms(database, before);
  await forgetReplies(database, before);
  await forgetReadMessages(database, settings, await forgetHandledEvents(database, before));
}
