// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Identifiers are computed here only, and are data from then on.
library Identifiers {
    function patientId(
        bytes32 networkId,
        address firstAuthority,
        bytes32 idNonce
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(networkId, firstAuthority, idNonce));
    }

    function nodeId(
        bytes32 networkId,
        address firstSigningKey,
        bytes32 nonce
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(networkId, firstSigningKey, nonce));
    }
}
