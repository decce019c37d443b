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
} from './authority.ts';
export {
  type AccountSigner,
  completeAuthorityItem,
  freezeAuthorityFields,
  freezeAuthorityItem,
  keySigner,
  recoverAuthorityFields,
  recoverAuthorityItem,
} from './authorityMessages.ts';
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
} from './guardians.ts';
export { walletForMinor } from './minor.ts';
export { withNewRoot } from './newRoot.ts';
export {
  type Recovery,
  type RecoveryNetwork,
  recoverNetwork,
  renewKeys,
  rewrapAt,
} from './recover.ts';
export { type ClientNetwork, enroll, type EnrollmentWish } from './enroll.ts';
export {
  eraseRecords,
  type ErasureNetwork,
  isErasureReceipt,
  openErasures,
  retryErasures,
} from './eraseRecords.ts';
export { type EmergencyReading, breakGlass } from './breakGlass.ts';
export {
  type EmergencyDesk,
  type EmergencyNetwork,
  type LicensedClinician,
} from './askInEmergency.ts';
export {
  lacksEmergencyCard,
  makeEmergencyCard,
  presentCard,
  withdrawEmergencyCard,
} from './emergencyCard.ts';
export { cardText, type EmergencyCard, printedCard, readCard } from './emergencyCardText.ts';
export { endEmergency } from './endEmergency.ts';
export { type InboxItem, readInbox } from './inbox.ts';
export { summaryBundle, type SummaryWish } from './summaryBundle.ts';
export { storageReceipts, type StorageReceiptView } from './receipts.ts';
export { openWallet, readSealedWallet, type SealedWallet, sealWallet } from './sealedWallet.ts';
export { authorityOf, networkOf, newWallet, type Wallet, type WalletNetwork } from './wallet.ts';
export { removeWalletSlot, renewWalletSlot, sealWalletKey } from './walletKeys.ts';
export { lastHolderOf, withdraw } from './withdraw.ts';
export {
  type ConsentPlace,
  type ConsentWish,
  draftConsent,
  draftGuardianship,
  type GuardianshipWish,
  placesUnder,
} from './draftConsent.ts';
export { type OwnDoor, ownRecords } from './ownRecords.ts';
export { type Reading, type ReadRecord, readRecords } from './readRecords.ts';
export { type Reader, type ReaderNetwork } from './requestRecords.ts';
export { type NetworkWays, revokeAll, revokeConsent, revokeDelegated } from './revoke.ts';
export {
  readPackageFor,
  signConsent,
  type SignedConsent,
  signingTask,
  type SigningTask,
  takeGuardianship,
} from './signConsent.ts';
export { stepScopes } from './stepScopes.ts';
export { type LogReader, type NodeLog, whoLooked } from './whoLooked.ts';
export { parseReadPackage, type ReadPackage, readPackageText } from '../wire/readPackage.ts';
export {
  type ExportSources,
  exportRecord,
  exportText,
  type Verification,
  verifyExport,
} from './exportRecord.ts';
export { exportChain, gatherExport } from './gatherExport.ts';
