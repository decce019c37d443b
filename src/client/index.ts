/** What a patient's program calls. Runs in a browser. */
export { ask, type ClientTransport } from './ask.ts';
export { type ClientNetwork, enroll, type EnrollmentWish } from './enroll.ts';
export { storageReceipts, type StorageReceiptView } from './receipts.ts';
export { authorityOf, networkOf, newWallet, type Wallet, type WalletNetwork } from './wallet.ts';
export { lastHolderOf, withdraw } from './withdraw.ts';
