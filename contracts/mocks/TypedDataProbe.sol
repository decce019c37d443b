// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AuthorityMessages, PatientRow} from "../libraries/AuthorityMessages.sol";
import {IConsentRegistry} from "../interfaces/IConsentRegistry.sol";
import {ConsentDigest} from "../libraries/ConsentDigest.sol";
import {Domain} from "../libraries/Domain.sol";
import {KeyRotation} from "../libraries/KeyRotation.sol";
import {PatientMessages} from "../libraries/PatientMessages.sol";
import {Call, Proposal} from "../libraries/Proposal.sol";
import {SignerCheck} from "../libraries/SignerCheck.sol";

// Shows the tests what the libraries compute.
contract TypedDataProbe {
    bytes32 private immutable _separator;

    constructor(bytes32 federationId) {
        _separator = Domain.separator(federationId);
    }

    function openPatient(
        bytes32 networkId,
        address authority,
        bytes32 idNonce,
        bytes32 inboxKeyHash
    ) external view returns (bytes32) {
        return _digest(PatientMessages.openPatient(networkId, authority, idNonce, inboxKeyHash));
    }

    function setRelations(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq,
        bytes32 relationsDigest
    ) external view returns (bytes32) {
        return _digest(PatientMessages.setRelations(networkId, patientId, seq, relationsDigest));
    }

    function scopeEpoch(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq,
        bytes32 handle,
        uint32 epoch,
        bytes32 commitment
    ) external view returns (bytes32) {
        return
            _digest(
                PatientMessages.scopeEpoch(networkId, patientId, seq, handle, epoch, commitment)
            );
    }

    function rotateSigningKey(
        bytes32 networkId,
        bytes32 nodeId,
        address signingKey,
        uint32 keyEpoch
    ) external view returns (bytes32) {
        return _digest(KeyRotation.structHash(networkId, nodeId, signingKey, keyEpoch));
    }

    function proposal(
        bytes32 networkId,
        Call[] calldata calls,
        uint256 nonce,
        uint64 expiry
    ) external view returns (bytes32) {
        return _digest(Proposal.structHash(networkId, calls, nonce, expiry));
    }

    function consent(
        IConsentRegistry.Consent calldata it,
        bytes32[] calldata scopeHashes
    ) external view returns (bytes32) {
        return _digest(ConsentDigest.consent(ConsentDigest.read(it, scopeHashes)));
    }

    function guardianship(
        IConsentRegistry.Guardianship calldata it,
        bytes32[] calldata scopeHashes
    ) external view returns (bytes32) {
        return _digest(ConsentDigest.guardianship(ConsentDigest.readGuardianship(it, scopeHashes)));
    }

    function exception_(IConsentRegistry.Exception calldata it) external view returns (bytes32) {
        return _digest(ConsentDigest.exception_(it));
    }

    function networkScope(
        IConsentRegistry.NetworkScope calldata it
    ) external view returns (bytes32) {
        return _digest(ConsentDigest.networkScope(it));
    }

    function revokeConsent(address account, bytes32 digest) external view returns (bytes32) {
        return _digest(ConsentDigest.revokeConsent(account, digest));
    }

    function revokeAll(address account, uint64 minEpoch) external view returns (bytes32) {
        return _digest(ConsentDigest.revokeAll(account, minEpoch));
    }

    function setAuthority(
        address account,
        address authority,
        uint256 nonce,
        PatientRow[] calldata rows
    ) external view returns (bytes32) {
        return _digest(AuthorityMessages.setAuthority(account, authority, nonce, rows));
    }

    function setGuardians(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq,
        bytes32 guardiansRoot,
        uint8 threshold,
        uint32 delay
    ) external view returns (bytes32) {
        return
            _digest(
                AuthorityMessages.setGuardians(
                    networkId,
                    patientId,
                    seq,
                    guardiansRoot,
                    threshold,
                    delay
                )
            );
    }

    function recoverAuthority(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq,
        address authority
    ) external view returns (bytes32) {
        return _digest(AuthorityMessages.recoverAuthority(networkId, patientId, seq, authority));
    }

    function vetoRecovery(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq
    ) external view returns (bytes32) {
        return _digest(AuthorityMessages.vetoRecovery(networkId, patientId, seq));
    }

    function freezeAuthority(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq,
        uint32 duration
    ) external view returns (bytes32) {
        return _digest(AuthorityMessages.freezeAuthority(networkId, patientId, seq, duration));
    }

    function setInboxKey(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq,
        bytes32 kemKeyHash
    ) external view returns (bytes32) {
        return _digest(AuthorityMessages.setInboxKey(networkId, patientId, seq, kemKeyHash));
    }

    function isValid(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) external view returns (bool) {
        return SignerCheck.isValid(account, digest, signature);
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        return Domain.digest(_separator, structHash);
    }
}
