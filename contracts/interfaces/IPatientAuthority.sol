// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PatientRow} from "../libraries/AuthorityMessages.sol";
import {Approval} from "../libraries/Guardians.sol";
import {INetworkDomain} from "./INetworkDomain.sol";

/// @title The accounts that sign for patients, and what guards them
/// @notice A patient may name guardians: accounts under a salted Merkle root, of which `threshold` act together.
/// Without guardians her account is handed over at once. With them it is handed over after `delay` seconds, or at once
/// when `threshold` guardians sign too; they may give her a new account after the delay, unless she vetoes; and they may
/// freeze her account for at most 30 days. The leaf of a guardian is keccak256(abi.encode(patientId, account, salt)), in
/// the tree of OpenZeppelin's MerkleProof. One change is pending at a time; anybody completes it when it is due.
interface IPatientAuthority is INetworkDomain {
    /// @notice What is signed for one message about an account.
    /// @param owner Of the present account; empty where guardians alone act.
    /// @param successor Of the account that is to sign for her from then on, over the same digest: nothing is handed to
    /// an account that nobody holds. Empty where the account stays.
    /// @param guardians One approval each, ascending by account: none, or as many as the threshold.
    struct Signatures {
        bytes owner;
        bytes successor;
        Approval[] guardians;
    }

    /// @notice Another account signs for a patient from now on.
    /// @param patientId Her id, which stays.
    /// @param authority The new account.
    /// @param kind 1 handed over by the owner, 2 recovered by guardians.
    event AuthoritySet(bytes32 indexed patientId, address authority, uint8 kind);

    /// @notice A patient's guardians are these from now on.
    /// @param patientId Her id.
    /// @param guardiansRoot Zero: none.
    /// @param threshold How many act together.
    /// @param delay Seconds that a change without them waits.
    event GuardiansSet(
        bytes32 indexed patientId,
        bytes32 guardiansRoot,
        uint8 threshold,
        uint32 delay
    );

    /// @notice A change waits for its time; the owner may veto it, and a freeze drops it when it is the owner's own.
    /// @param patientId Her id.
    /// @param kind 1 rotation by the owner, 2 recovery by guardians, 3 other guardians.
    /// @param authority The account that would sign then; zero for other guardians.
    /// @param effectiveFrom Block time in seconds from which it can be completed.
    event ChangePending(
        bytes32 indexed patientId,
        uint8 kind,
        address authority,
        uint64 effectiveFrom
    );

    /// @notice What was pending will not happen.
    /// @param patientId Her id.
    event ChangeDropped(bytes32 indexed patientId);

    /// @notice Guardians froze a patient's account.
    /// @param patientId Her id.
    /// @param until Block time in seconds.
    event FreezeSet(bytes32 indexed patientId, uint64 until);

    /// @notice A patient's things are sealed to another KEM key from now on.
    /// @param patientId Her id.
    /// @param kemKeyHash Hash of the new key.
    event InboxKeySet(bytes32 indexed patientId, bytes32 kemKeyHash);

    /// @notice The account is frozen: revocations pass, nothing else.
    error AuthorityFrozen(bytes32 patientId, uint64 until);

    /// @notice The number is not the next one of the owner, or of the guardians.
    error WrongSeq(bytes32 patientId, uint64 seq, uint64 next);

    /// @notice The patient has no guardians.
    error NoGuardians(bytes32 patientId);

    /// @notice Two to sixteen guardians act together, after a delay of at most 30 days; or all three values are zero.
    error WrongGuardians(bytes32 guardiansRoot, uint8 threshold, uint32 delay);

    /// @notice There are not as many approvals as the threshold says.
    error WrongApprovalCount(uint256 given, uint256 needed);

    /// @notice An account comes twice, or the approvals are not in order.
    error ApprovalsNotAscending(address account);

    /// @notice The account is not under the patient's guardians root, or it is her own.
    error NotAGuardian(address account);

    /// @notice A freeze lasts at least a second and at most 30 days.
    error WrongDuration(uint32 duration);

    /// @notice Guardians are recovering the account: veto that first.
    error RecoveryPending(bytes32 patientId);

    /// @notice Nothing is pending.
    error NothingPending(bytes32 patientId);

    /// @notice The pending change waits for its time.
    error TooEarly(bytes32 patientId, uint64 effectiveFrom);

    /// @notice The account does not sign for this patient.
    error NotHerAuthority(bytes32 patientId, address account);

    /// @notice The account signs for her already.
    error SameAuthority(bytes32 patientId, address authority);

    /// @notice The message has no row of this network, or more than 32.
    error WrongRows(uint256 rows);

    /// @notice This message was applied before.
    error AppliedBefore(bytes32 digest);

    /// @notice The words or signatures of an item are not those of its kind.
    error MalformedItem(uint8 kind);

    /// @notice Names a patient's guardians. At once when she has none or they sign too, else after their delay.
    /// @param patientId Her id.
    /// @param seq The next number of the owner's messages.
    /// @param guardiansRoot Zero, with the other two: none.
    /// @param threshold How many act together, 2 to 16.
    /// @param delay Seconds, at most 30 days.
    /// @param signatures Of the owner, and of as many present guardians as the threshold says, or none.
    function setGuardians(
        bytes32 patientId,
        uint64 seq,
        bytes32 guardiansRoot,
        uint8 threshold,
        uint32 delay,
        Signatures calldata signatures
    ) external;

    /// @notice Hands a patient's pseudonyms to another account. At once without guardians or when they sign too, else
    /// after their delay. It is valid in every network that it names; here its rows of this network apply, all or none,
    /// once.
    /// @param account The present account.
    /// @param authority The next one.
    /// @param nonce Random.
    /// @param rows Patients by network, 1 to 32.
    /// @param signatures Of both accounts, and of guardians or none.
    function setAuthority(
        address account,
        address authority,
        uint256 nonce,
        PatientRow[] calldata rows,
        Signatures calldata signatures
    ) external;

    /// @notice Guardians give a patient a new account, after the delay. It replaces whatever the owner has pending.
    /// @param patientId Her id.
    /// @param seq The next number of the guardians' messages.
    /// @param authority The new account.
    /// @param signatures Of the new account and of the guardians.
    function recoverAuthority(
        bytes32 patientId,
        uint64 seq,
        address authority,
        Signatures calldata signatures
    ) external;

    /// @notice The owner drops what is pending.
    /// @param patientId Her id.
    /// @param seq The next number of the owner's messages.
    /// @param signature Of the owner.
    function vetoRecovery(bytes32 patientId, uint64 seq, bytes calldata signature) external;

    /// @notice Guardians freeze a patient's account and drop what it has pending; a recovery goes on.
    /// @param patientId Her id.
    /// @param seq The next number of the guardians' messages.
    /// @param duration Seconds, at most 30 days.
    /// @param signatures Of the guardians.
    function freezeAuthority(
        bytes32 patientId,
        uint64 seq,
        uint32 duration,
        Signatures calldata signatures
    ) external;

    /// @notice Names the KEM key to which a patient's things are sealed.
    /// @param patientId Her id.
    /// @param seq The next number of the owner's messages.
    /// @param kemKeyHash Hash of the key.
    /// @param signature Of the owner.
    function setInboxKey(
        bytes32 patientId,
        uint64 seq,
        bytes32 kemKeyHash,
        bytes calldata signature
    ) external;

    /// @notice Applies a pending change whose time has come. By anyone.
    /// @param patientId Her id.
    function completeAuthority(bytes32 patientId) external;

    /// @notice What guards a patient's account.
    /// @param patientId Her id.
    /// @return guardiansRoot Zero: no guardians.
    /// @return threshold How many act together.
    /// @return delay In seconds.
    /// @return ownerSeq Of the owner's newest message.
    /// @return guardianSeq Of the guardians' newest message.
    /// @return frozenUntil Block time in seconds; in the past when she is not frozen.
    function guardOf(
        bytes32 patientId
    )
        external
        view
        returns (
            bytes32 guardiansRoot,
            uint8 threshold,
            uint32 delay,
            uint64 ownerSeq,
            uint64 guardianSeq,
            uint64 frozenUntil
        );

    /// @notice What waits for its time.
    /// @param patientId Her id.
    /// @return kind 0 nothing, 1 rotation, 2 recovery, 3 other guardians.
    /// @return authority The account that would sign then; zero for other guardians.
    /// @return effectiveFrom Block time in seconds.
    function pendingOf(
        bytes32 patientId
    ) external view returns (uint8 kind, address authority, uint64 effectiveFrom);
}
