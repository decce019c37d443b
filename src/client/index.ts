/** What a patient's program calls. Runs in a browser. */
export { type GuardianShare } from '../crypto/guardianShares.ts';
export { type KeySlotOptions, type SlotRequest, type SlotSecret } from '../crypto/keySlot.ts';
export {
  guardianShareText,
  type KeySlot,
  type KeySlots,
  readGuardianShare,
} from '../crypto/keySlotForm.ts';
export { newRecoveryCode } from '../crypto/recoveryCode.ts';
export { ask, type ClientTransport } from './ask.ts';
export {
  type AccountGuard,
  adoptRotation,
  bring,
  readGuard,
  rotate,
  rotationOf,
  setGuardians,
  setInboxKey,
  veto,
} from './account/authority.ts';
export {
  type AccountSigner,
  completeAuthorityItem,
  freezeAuthorityFields,
  freezeAuthorityItem,
  keySigner,
  recoverAuthorityFields,
  recoverAuthorityItem,
} from './account/authorityMessages.ts';
export {
  approve,
  type GuardianApproval,
  guardianApproval,
  type GuardianCard,
  guardianCard,
  guardianCards,
  type GuardianCircle,
  newCircle,
  readGuardianFile,
} from './account/guardians.ts';
export { walletForMinor } from './account/minor.ts';
export { withNewRoot } from './wallet/newRoot.ts';
export {
  type Recovery,
  type RecoveryNetwork,
  recoverNetwork,
  renewKeys,
  rewrapAt,
} from './account/recover.ts';
export { type ClientNetwork, enroll, type EnrollmentWish } from './enrolment/enroll.ts';
export {
  eraseRecords,
  type ErasureNetwork,
  isErasureReceipt,
  openErasures,
  retryErasures,
} from './consent/eraseRecords.ts';
export { type EmergencyReading, breakGlass } from './emergency/breakGlass.ts';
export {
  type EmergencyDesk,
  type EmergencyNetwork,
  type LicensedClinician,
} from './emergency/askInEmergency.ts';
export {
  lacksEmergencyCard,
  makeEmergencyCard,
  presentCard,
  withdrawEmergencyCard,
} from './emergency/emergencyCard.ts';
export {
  cardText,
  type EmergencyCard,
  printedCard,
  readCard,
} from './emergency/emergencyCardText.ts';
export { endEmergency } from './emergency/endEmergency.ts';
export { type InboxItem, readInbox } from './inbox/inbox.ts';
export { summaryBundle, type SummaryWish } from './emergency/summaryBundle.ts';
export { storageReceipts, type StorageReceiptView } from './reading/receipts.ts';
export {
  openWallet,
  readSealedWallet,
  type SealedWallet,
  sealWallet,
} from './wallet/sealedWallet.ts';
export {
  authorityOf,
  networkOf,
  newWallet,
  type Wallet,
  type WalletNetwork,
} from './wallet/wallet.ts';
export { removeWalletSlot, renewWalletSlot, sealWalletKey } from './wallet/walletKeys.ts';
export { lastHolderOf, withdraw } from './enrolment/withdraw.ts';
export {
  type ConsentPlace,
  type ConsentWish,
  draftConsent,
  draftGuardianship,
  type GuardianshipWish,
  placesUnder,
} from './consent/draftConsent.ts';
export { type OwnDoor, ownRecords } from './reading/ownRecords.ts';
export { type Reading, type ReadRecord, readRecords } from './reading/readRecords.ts';
export { type Reader, type ReaderNetwork } from './reading/requestRecords.ts';
export { type NetworkWays, revokeAll, revokeConsent, revokeDelegated } from './consent/revoke.ts';
export {
  readPackageFor,
  signConsent,
  type SignedConsent,
  signingTask,
  type SigningTask,
  takeGuardianship,
} from './consent/signConsent.ts';
export { stepScopes } from './account/stepScopes.ts';
export { type LogReader, type NodeLog, whoLooked } from './reading/whoLooked.ts';
export { parseReadPackage, type ReadPackage, readPackageText } from '../wire/readPackage.ts';
export {
  type ExportSources,
  exportRecord,
  exportText,
  type Verification,
  verifyExport,
} from './export/exportRecord.ts';
export { exportChain, gatherExport } from './export/gatherExport.ts';
