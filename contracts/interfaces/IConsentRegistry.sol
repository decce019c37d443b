// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {INetworkDomain} from "./INetworkDomain.sol";
import {INodeRegistry} from "./INodeRegistry.sol";
import {IPatientRegistry} from "./IPatientRegistry.sol";

/// @title Which consents are granted, which are revoked
/// @notice Keeps digest, signer and status only; the text of a consent is shown to whoever must check it. Every
/// message carries the account's own signature and may be brought by anyone. A revocation holds for ever, before or
/// after the grant, and nobody, governance included, can grant or un-revoke.
/// Intended replay (EthTrust [Q]): the signature of a Consent or Guardianship serves in each network that it names,
/// those of RevokeConsent and RevokeAll in every network of the federation.
interface IConsentRegistry is INetworkDomain {
    /// @notice What a reader may read of a patient; `networks` of the signed struct is shown as hashes beside it.
    /// @param statement The whole consent in words, as she read it.
    /// @param language Of the statement.
    /// @param template Number of the statement's template.
    /// @param patient The patient's account. It signs, unless a guardianship is named.
    /// @param guardianship Digest of the Guardianship whose delegate signs; zero for none.
    /// @param grantee nodeId of the reader, or keccak256("carelattice/any-admitted-node").
    /// @param granteeName The reader's name as in the registry of nodes.
    /// @param purpose HL7 code of the purpose of use.
    /// @param actions What the reader may do: `access`.
    /// @param categories Of records; never empty.
    /// @param sensitivity Labels that a record may carry.
    /// @param anchors Of records; empty means all.
    /// @param authors nodeIds; empty means all.
    /// @param dataFrom Unix time that the event must touch or follow; zero is open.
    /// @param dataTo Unix time that the event must touch or precede; zero is open.
    /// @param except What is left out.
    /// @param notBefore First second of use, Unix time.
    /// @param notAfter Last second of use, Unix time.
    /// @param submitBy Last second of the grant, Unix time.
    /// @param epoch Of the signer; dead once below its minEpoch.
    /// @param nonce Random.
    /// @param home networkId of the one whose revocations count elsewhere.
    /// @param networkNames As in the statement.
    struct Consent {
        string statement;
        string language;
        uint16 template;
        address patient;
        bytes32 guardianship;
        bytes32 grantee;
        string granteeName;
        string purpose;
        string[] actions;
        string[] categories;
        string[] sensitivity;
        bytes32[] anchors;
        bytes32[] authors;
        uint64 dataFrom;
        uint64 dataTo;
        Exception[] except;
        uint64 notBefore;
        uint64 notAfter;
        uint64 submitBy;
        uint64 epoch;
        uint256 nonce;
        bytes32 home;
        string[] networkNames;
    }

    /// @notice Refuses what each of its non-empty lists matches; at least one is non-empty.
    /// @param readers nodeIds.
    /// @param categories Of records.
    /// @param sensitivity One of a record's labels suffices.
    /// @param anchors Of records.
    struct Exception {
        bytes32[] readers;
        string[] categories;
        string[] sensitivity;
        bytes32[] anchors;
    }

    /// @notice A network that a consent or guardianship is for.
    /// @param chainId Of the network.
    /// @param networkId Of the network.
    /// @param registry The network's ConsentRegistry.
    /// @param patientId Her id there.
    /// @param salt Random, so that the hash tells nothing.
    struct NetworkScope {
        uint256 chainId;
        bytes32 networkId;
        address registry;
        bytes32 patientId;
        bytes32 salt;
    }

    /// @notice Whom a patient lets sign consents for her; granted like a consent, signed by her only.
    /// @param statement The whole guardianship in words.
    /// @param language Of the statement.
    /// @param template Number of the statement's template.
    /// @param patient The account that signs.
    /// @param delegate The account that may sign consents.
    /// @param role In words: parent, carer.
    /// @param categories Of records that the delegate's consents may name.
    /// @param actions That the delegate's consents may name.
    /// @param notBefore First second, Unix time.
    /// @param notAfter Last second, Unix time.
    /// @param epoch Of the patient; dead once below her minEpoch.
    /// @param nonce Random.
    /// @param home As that of its consents.
    /// @param networkNames As in the statement.
    struct Guardianship {
        string statement;
        string language;
        uint16 template;
        address patient;
        address delegate;
        string role;
        string[] categories;
        string[] actions;
        uint64 notBefore;
        uint64 notAfter;
        uint64 epoch;
        uint256 nonce;
        bytes32 home;
        string[] networkNames;
    }

    /// @notice A guardianship as it is shown: its text, the scope of this network, the hashes of all its scopes.
    /// @param guardianship What the patient signed.
    /// @param own This network's scope of it.
    /// @param scopeHashes Struct hashes of all its scopes in signing order.
    struct Delegation {
        Guardianship guardianship;
        NetworkScope own;
        bytes32[] scopeHashes;
    }

    /// @notice What is to be read.
    /// @param patientId Whose record.
    /// @param reader nodeId of who reads.
    /// @param purpose HL7 code of the purpose of use.
    /// @param action `access`.
    /// @param anchor Of the record.
    /// @param author nodeId of the record's author.
    /// @param category Of the record.
    /// @param sensitivity Labels of the record.
    /// @param eventFrom Unix time.
    /// @param eventTo Unix time.
    struct Access {
        bytes32 patientId;
        bytes32 reader;
        string purpose;
        string action;
        bytes32 anchor;
        bytes32 author;
        string category;
        string[] sensitivity;
        uint64 eventFrom;
        uint64 eventTo;
    }

    /// @notice An account granted a consent or a guardianship.
    /// @param account Who signed.
    /// @param digest EIP-712 digest of the Consent or Guardianship.
    event ConsentGranted(address indexed account, bytes32 digest);

    /// @notice An account revoked a consent or guardianship, for ever.
    /// @param account Who signed.
    /// @param digest EIP-712 digest of the Consent or Guardianship.
    event ConsentRevoked(address indexed account, bytes32 digest);

    /// @notice An account revoked everything of a lower epoch.
    /// @param account Who signed.
    /// @param minEpoch Lowest epoch that still counts.
    event AllRevoked(address indexed account, uint64 minEpoch);

    /// @notice The account has granted this digest before.
    error Used(address account, bytes32 digest);

    /// @notice The account has revoked this digest, or everything of its epoch.
    error Revoked(address account, bytes32 digest);

    /// @notice minEpoch does not rise.
    error NotRising(address account, uint64 minEpoch, uint64 present);

    /// @notice Her guardians froze the account: it grants nothing until then.
    /// @param account Who signed.
    /// @param until Unix time from which it may grant again.
    error Frozen(address account, uint48 until);

    /// @notice Only the registry of patients may call this.
    error NotPatientRegistry(address caller);

    /// @notice Signed for another network, or this network's scope is none of those that were signed.
    error NotThisNetwork(bytes32 networkId, uint256 chainId);

    /// @notice Signed for another registry of consents.
    error NotThisRegistry(address registry);

    /// @notice Signed for the records of another patient.
    error NotThisPatient(bytes32 patientId);

    /// @notice Nobody who may sign for the patient signed: another account than her authority is named, a
    /// guardianship is named and not shown, or it is not hers.
    error NotHerSigner(address account);

    /// @notice Its time has not come.
    error NotYetValid(uint256 notBefore);

    /// @notice Its time is over.
    error Expired(uint256 notAfter);

    /// @notice It was granted after its submitBy.
    error GrantedTooLate(uint256 submitBy, uint48 grantedAt);

    /// @notice It was never granted here.
    error NotGranted(address account, bytes32 digest);

    /// @notice The delegate's consent names more than the guardianship, or has another home.
    error OutsideGuardianship();

    /// @notice The consent is for another reader, or for any admitted one and the reader is none.
    error WrongReader(bytes32 reader);

    /// @notice The consent is for another purpose.
    error WrongPurpose();

    /// @notice The consent does not allow this action.
    error WrongAction();

    /// @notice The consent leaves this category out.
    error CategoryNotGranted();

    /// @notice The consent leaves out one of the record's labels.
    error SensitivityNotGranted();

    /// @notice The consent is for other records.
    error RecordNotNamed();

    /// @notice The consent is for other authors.
    error AuthorNotNamed();

    /// @notice The record's event lies outside the consent's dates.
    error OutsideDates();

    /// @notice One of the consent's exceptions matches.
    error Excepted(uint256 index);

    /// @notice Grants a consent or a guardianship. No text, network, expiry or epoch is seen here: uses are checked.
    /// @param account Who signed.
    /// @param digest EIP-712 digest of the Consent or Guardianship.
    /// @param signature Of the account over the digest.
    function grant(address account, bytes32 digest, bytes calldata signature) external;

    /// @notice Revokes a consent or guardianship, before or after its grant.
    /// @param account Who signed.
    /// @param digest EIP-712 digest of the Consent or Guardianship.
    /// @param signature Of the account over RevokeConsent.
    function revoke(address account, bytes32 digest, bytes calldata signature) external;

    /// @notice Revokes all consents and guardianships of the account whose epoch is lower.
    /// @param account Who signed.
    /// @param minEpoch Above the present one.
    /// @param signature Of the account over RevokeAll.
    function revokeAll(address account, uint64 minEpoch, bytes calldata signature) external;

    /// @notice `grant` for a batch of the registry of patients: changes nothing and tells why instead of reverting.
    /// @param account Who signed.
    /// @param digest EIP-712 digest of the Consent or Guardianship.
    /// @param signature Of the account over the digest.
    /// @return reason Selector of the error that `grant` would revert with; zero when granted.
    function applyGrant(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) external returns (bytes4 reason);

    /// @notice `revoke` for a batch of the registry of patients.
    /// @param account Who signed.
    /// @param digest EIP-712 digest of the Consent or Guardianship.
    /// @param signature Of the account over RevokeConsent.
    /// @return reason Selector of the error that `revoke` would revert with; zero when revoked.
    function applyRevoke(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) external returns (bytes4 reason);

    /// @notice `revokeAll` for a batch of the registry of patients.
    /// @param account Who signed.
    /// @param minEpoch Above the present one.
    /// @param signature Of the account over RevokeAll.
    /// @return reason Selector of the error that `revokeAll` would revert with; zero when revoked.
    function applyRevokeAll(
        address account,
        uint64 minEpoch,
        bytes calldata signature
    ) external returns (bytes4 reason);

    /// @notice Keeps an account from granting, at least until then. By the registry of patients, which has checked her
    /// guardians.
    /// @param account The patient's account.
    /// @param until Unix time from which it may grant again.
    function setFrozen(address account, uint48 until) external;

    /// @notice Steps the list of revocations: the old account's consents end. By the registry of patients.
    /// @param account The account that signed for the patient until now.
    /// @param digest EIP-712 digest of the message that changed it.
    /// @param authority The account that signs from now on.
    function authorityChanged(address account, bytes32 digest, address authority) external;

    /// @notice The registry of nodes.
    function nodeRegistry() external view returns (INodeRegistry);

    /// @notice The registry of patients that made this registry.
    function patientRegistry() external view returns (IPatientRegistry);

    /// @notice Whether a consent stands, for other contracts.
    /// @param account Who signed.
    /// @param digest EIP-712 digest of the Consent or Guardianship.
    /// @param epoch The epoch in it.
    /// @return state 0 none, 1 active, 2 revoked, also by epoch.
    /// @return grantedAt Unix time of the grant; zero when there was none.
    function statusOf(
        address account,
        bytes32 digest,
        uint64 epoch
    ) external view returns (uint8 state, uint48 grantedAt);

    /// @notice Blocks in which a consent was granted and revoked by its own message; zero for none.
    /// @param account Who signed.
    /// @param digest EIP-712 digest of the Consent or Guardianship.
    function blocksOf(
        address account,
        bytes32 digest
    ) external view returns (uint48 grantBlock, uint48 revocationBlock);

    /// @notice What holds for all consents of an account.
    /// @param account A patient's or a delegate's.
    /// @return minEpoch Lowest epoch that still counts.
    /// @return frozenUntil Unix time from which it may grant again; zero when it was never frozen.
    function accountOf(address account) external view returns (uint64 minEpoch, uint48 frozenUntil);

    /// @notice Whether a consent that the patient signed allows reading a record now. For `eth_call` only: a
    /// transaction would publish the text. The holder's own checks come on top: that the statement says what the fields
    /// say, the reader's name and signed request (and so that a reader named by id is still admitted), and the list of
    /// revocations of a home elsewhere.
    /// @param consent What she signed.
    /// @param own This network's scope of it.
    /// @param scopeHashes Struct hashes of all its scopes in signing order.
    /// @param access What is to be read.
    /// @return True, or it reverts with the first of these, in this order: NotThisNetwork, NotThisRegistry,
    /// NotThisPatient, UnknownPatient, NotHerSigner, NotYetValid, Expired, GrantedTooLate, NotGranted, Revoked,
    /// WrongReader, WrongPurpose, WrongAction, CategoryNotGranted, SensitivityNotGranted, RecordNotNamed,
    /// AuthorNotNamed, OutsideDates, Excepted.
    function isAllowed(
        Consent calldata consent,
        NetworkScope calldata own,
        bytes32[] calldata scopeHashes,
        Access calldata access
    ) external view returns (bool);

    /// @notice As isAllowed, of a consent that a delegate signed. The guardianship's own place, time and status come
    /// after those of the consent, then OutsideGuardianship. It is over, too, when the patient herself revoked the
    /// delegate's consent.
    /// @param consent What the delegate signed; `patient` is the patient's account.
    /// @param own This network's scope of it.
    /// @param scopeHashes Struct hashes of all its scopes in signing order.
    /// @param access What is to be read.
    /// @param delegation The guardianship that the consent names.
    /// @return True, or it reverts.
    function isAllowedByDelegate(
        Consent calldata consent,
        NetworkScope calldata own,
        bytes32[] calldata scopeHashes,
        Access calldata access,
        Delegation calldata delegation
    ) external view returns (bool);

    /// @notice Fold of every revocation applied here: head' = bytes24(keccak256(abi.encode(bytes24 head, uint8 item,
    /// address account, bytes32 digest, minEpoch or new authority))). Item 1 revoke (last word zero), 2 revoke-all
    /// (digest zero), 3 change of authority. First head bytes24(keccak256(abi.encode("carelattice/revocations",
    /// networkId))).
    /// @return head Of the list.
    /// @return count Number of its items.
    function revocations() external view returns (bytes24 head, uint64 count);
}
