/**
 * Servlets of Synapse 1.160 that a client may ask without the gate: nothing that was said in a room, and nobody who is
 * in it, is in their answers, and nothing reaches people whom Whisper was not asked about. What is not named here has
 * to be gated; so a new one of a later Synapse is looked at.
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

/** The search looks only into rooms that the caller is in (`SearchHandler`); the others change something, or find people. */
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

/** The answer is the id of what was made, if anything. */
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
