// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

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

    function isValid(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) external pure returns (bool) {
        return SignerCheck.isValid(account, digest, signature);
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        return Domain.digest(_separator, structHash);
    }
}
