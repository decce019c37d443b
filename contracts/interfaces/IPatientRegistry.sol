// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsentRegistry} from "./IConsentRegistry.sol";
import {INetworkDomain} from "./INetworkDomain.sol";
import {INodeRegistry} from "./INodeRegistry.sol";

/// @title The patients of a network: authority, relations digest, scope epochs
/// @notice Every change carries the patient's own signature, whoever brings it; a batch is brought by a node, a
/// single message by anyone. Nothing here says who enrolled where.
interface IPatientRegistry is INetworkDomain {
    /// @notice One patient's message in a batch.
    /// @param kind 1 OpenPatient, 2 SetRelations, 3 ScopeEpoch, 4 a grant, 5 RevokeConsent, 6 RevokeAll, 7 SetAuthority,
    /// 8 SetGuardians, 9 RecoverAuthority, 10 VetoRecovery, 11 FreezeAuthority, 12 SetInboxKey,
    /// 13 completes the patient's pending change.
    /// @param words The struct's own fields after networkId and chainId, in order; of a grant account and digest. From
    /// kind 7 on words and signature, one behind the other, are the arguments of the function of that name.
    /// @param signature Of the authority; of the account that grants or revokes.
    struct Item {
        uint8 kind;
        bytes32[] words;
        bytes signature;
    }

    /// @notice A patient was opened in this network.
    /// @param patientId keccak256(abi.encode(networkId, authority, idNonce)).
    /// @param authority The account that signs for her.
    /// @param inboxKeyHash Hash of the KEM key for things sealed to her.
    event PatientOpened(bytes32 indexed patientId, address authority, bytes32 inboxKeyHash);

    /// @notice A patient changed whom her records go to.
    /// @param patientId Her id.
    /// @param seq Rises with each change.
    /// @param relationsDigest Salted root of her whole relation list; zero for an empty one.
    event RelationsSet(bytes32 indexed patientId, uint64 seq, bytes32 relationsDigest);

    /// @notice A patient changed the scope key of a category.
    /// @param patientId Her id.
    /// @param handle Opaque name of the category in this network.
    /// @param epoch Only rises.
    /// @param commitment To the new key.
    /// @param seq As she signed it.
    event ScopeEpochSet(
        bytes32 indexed patientId,
        bytes32 handle,
        uint32 epoch,
        bytes32 commitment,
        uint64 seq
    );

    /// @notice An item of a batch was skipped; the rest went on.
    /// @param index Its place in the batch.
    /// @param reason Selector of the error that the direct function would have reverted with.
    event ItemRefused(uint256 index, bytes4 reason);

    /// @notice The caller's role does not bring batches, or its node is not active.
    error MayNotSubmit(address caller);

    /// @notice There is no such kind of message.
    error UnknownKind(uint8 kind);

    /// @notice The item has not the number of fields of its kind.
    error WrongWordCount(uint256 words, uint256 expected);

    /// @notice A word does not fit the type of its field.
    error WordOutOfRange(uint256 index, bytes32 word);

    /// @notice A patient with this id was opened before.
    error PatientExists(bytes32 patientId);

    /// @notice No patient with this id was opened.
    error UnknownPatient(bytes32 patientId);

    /// @notice The number does not rise.
    error OldSeq(bytes32 patientId, uint64 seq, uint64 present);

    /// @notice The epoch does not rise.
    error OldEpoch(bytes32 patientId, bytes32 handle, uint32 epoch, uint32 present);

    /// @notice The number is more than 2^20 above the present one.
    error NumberTooFar(bytes32 patientId, uint64 number);

    /// @notice Opens a patient.
    /// @param authority The account that signs for her.
    /// @param idNonce Random; part of the id.
    /// @param inboxKeyHash Hash of the KEM key for things sealed to her.
    /// @param signature Of the authority over OpenPatient.
    /// @return patientId keccak256(abi.encode(networkId, authority, idNonce)).
    function openPatient(
        address authority,
        bytes32 idNonce,
        bytes32 inboxKeyHash,
        bytes calldata signature
    ) external returns (bytes32 patientId);

    /// @notice Sets whom a patient's records go to.
    /// @param patientId Her id.
    /// @param seq Above the present one, by at most 2^20.
    /// @param relationsDigest Salted root of her whole relation list; zero for an empty one.
    /// @param signature Of her authority over SetRelations.
    function setRelations(
        bytes32 patientId,
        uint64 seq,
        bytes32 relationsDigest,
        bytes calldata signature
    ) external;

    /// @notice Sets the scope key of a category.
    /// @param patientId Her id.
    /// @param seq Signed and shown in the event; the epoch alone decides.
    /// @param handle Opaque name of the category in this network.
    /// @param epoch Above the present one, by at most 2^20.
    /// @param commitment To the new key.
    /// @param signature Of her authority over ScopeEpoch.
    function setScopeEpoch(
        bytes32 patientId,
        uint64 seq,
        bytes32 handle,
        uint32 epoch,
        bytes32 commitment,
        bytes calldata signature
    ) external;

    /// @notice Brings the messages of many patients. By an active recording, consensus or index node.
    /// @param items A bad one is skipped with ItemRefused.
    function submitBatch(Item[] calldata items) external;

    /// @notice The registry of nodes.
    function nodeRegistry() external view returns (INodeRegistry);

    /// @notice The registry of consents, made by this one: kinds 4 to 6 go there.
    function consents() external view returns (IConsentRegistry);

    /// @notice Seconds after which a client hands its message to another node than the consensus node (W).
    function forceSeconds() external view returns (uint32);

    /// @notice The account that signs for a patient; zero for an unknown one.
    /// @param patientId Her id.
    function authorityOf(bytes32 patientId) external view returns (address);

    /// @notice A patient's relations as they stand.
    /// @param patientId Her id.
    /// @return relationsDigest Salted root of her relation list.
    /// @return seq Zero before the first one.
    /// @return sinceBlock Block of the last change, or of her opening.
    function relationsOf(
        bytes32 patientId
    ) external view returns (bytes32 relationsDigest, uint64 seq, uint32 sinceBlock);

    /// @notice The scope key of a category as it stands.
    /// @param patientId Her id.
    /// @param handle Opaque name of the category.
    /// @return epoch Zero before the first one.
    /// @return commitment First 28 bytes of the commitment; all of it is in the event.
    function scopeEpochOf(
        bytes32 patientId,
        bytes32 handle
    ) external view returns (uint32 epoch, bytes28 commitment);
}
