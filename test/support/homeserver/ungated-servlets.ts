/**
 * Servlets of Synapse 1.160 that a client may use without the gate: their answers contain nothing that was said in a
 * room and nobody who is in it, and they reach nobody about whom Whisper was not asked. All others must be gated, so
 * that a servlet new in a later Synapse gets looked at.
 */
import type { Route } from "./synapse-routes.ts";

const names = (text: string) => text.trim().split(/\s+/);

const GET: readonly string[] = names(`
  VersionsRestServlet CapabilitiesRestServlet AuthIssuerServlet AuthMetadataServlet PasswordPolicyServlet
  RetentionConfigurationServlet MatrixRTCRestServlet MediaConfigResource VoipRestServlet
  LoginRestServlet SsoRedirectServlet CasTicketServlet AuthRestServlet UsernameAvailabilityRestServlet
  RegistrationTokenValidityRestServlet RegistrationSubmitTokenServlet AddThreepidEmailSubmitTokenServlet
  AccountValidityRenewServlet MSC4388CreateRendezvousServlet MSC4388UpdateRendezvousServlet
  WhoamiRestServlet WhoisRestServlet ThreepidRestServlet DevicesRestServlet DeviceRestServlet
  DehydratedDeviceV2Servlet DehydratedDeviceEventsServlet KeyChangesServlet RoomKeysServlet
  RoomKeysNewVersionServlet RoomKeysVersionServlet PushersRestServlet LegacyPushersRemoveRestServlet
  PushRuleRestServlet GetFilterRestServlet AccountDataServlet RoomAccountDataServlet TagListServlet
  ProfileRestServlet ProfileFieldRestServlet UnstableProfileFieldRestServlet PresenceStatusRestServlet
  JoinedRoomsRestServlet UserMutualRoomsServlet ThreadSubscriptionsPaginationRestServlet DelayedEventsServlet
  PublicRoomListRestServlet ClientDirectoryServer ClientDirectoryListServer
  ThirdPartyProtocolsServlet ThirdPartyProtocolServlet ThirdPartyUserServlet ThirdPartyLocationServlet
  PreviewURLServlet PreviewUrlResource`);

/**
 * The search covers only rooms that the caller is in (`SearchHandler`). The others change something, or find people.
 */
const POST: readonly string[] = names(`
  SearchRestServlet PublicRoomListRestServlet UserDirectorySearchRestServlet AccountStatusRestServlet
  LoginRestServlet LoginTokenRequestServlet LogoutRestServlet LogoutAllRestServlet RefreshTokenServlet
  TokenRefreshRestServlet RegisterRestServlet RegisterAppServiceOnlyRestServlet AuthRestServlet IdTokenServlet
  EmailRegisterRequestTokenRestServlet MsisdnRegisterRequestTokenRestServlet EmailPasswordRequestTokenRestServlet
  EmailThreepidRequestTokenRestServlet MsisdnThreepidRequestTokenRestServlet AddThreepidMsisdnSubmitTokenServlet
  ThreepidRestServlet ThreepidAddRestServlet ThreepidDeleteRestServlet
  PasswordRestServlet DeactivateAccountRestServlet AccountValiditySendMailServlet
  DeleteDevicesRestServlet DehydratedDeviceEventsServlet MSC4108RendezvousServlet
  MSC4108DelegationRendezvousServlet MSC4388CreateRendezvousServlet AppservicePingRestServlet
  KeyUploadServlet KeyQueryServlet OneTimeKeyServlet UnstableOneTimeKeyServlet SignaturesUploadServlet
  SigningKeyUploadServlet RoomKeysNewVersionServlet CreateFilterRestServlet
  RoomForgetRestServlet
  RoomSendEventRestServlet RoomRedactEventRestServlet
  ReportRoomRestServlet ReportEventRestServlet ReportUserRestServlet
  UpdateDelayedEventServlet CancelDelayedEventServlet RestartDelayedEventServlet SendDelayedEventServlet
  UploadServlet CreateResource`);

/** The answer is at most the id of what was made. */
const PUT: readonly string[] = names(`
  RoomSendEventRestServlet RoomStateEventRestServlet RoomRedactEventRestServlet
  RoomForgetRestServlet RoomTypingRestServlet
  ThreadSubscriptionsRestServlet AccountDataServlet RoomAccountDataServlet TagServlet PushRuleRestServlet
  ProfileFieldRestServlet UnstableProfileFieldRestServlet PresenceStatusRestServlet DeviceRestServlet
  DehydratedDeviceV2Servlet RoomKeysServlet RoomKeysVersionServlet MSC4388UpdateRendezvousServlet
  ClientDirectoryServer ClientDirectoryListServer ClientAppserviceDirectoryListServer AsyncUploadServlet`);

const DELETE: readonly string[] = names(`
  AccountDataServlet UnstableAccountDataServlet UnstableRoomAccountDataServlet TagServlet PushRuleRestServlet
  ProfileFieldRestServlet UnstableProfileFieldRestServlet DeviceRestServlet DehydratedDeviceV2Servlet
  RoomKeysServlet RoomKeysVersionServlet ThreadSubscriptionsRestServlet MSC4388UpdateRendezvousServlet
  ClientDirectoryServer ClientAppserviceDirectoryListServer`);

const UNGATED: Readonly<Record<string, readonly string[]>> = { GET, POST, PUT, DELETE };

export function mayPassTheGate({ method, servlet }: Route): boolean {
  return UNGATED[method]?.includes(servlet) ?? false;
}
