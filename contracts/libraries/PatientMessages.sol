// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Struct hashes of the patients' messages that an edge chain reads. Vectors: vectors/typedDataDigests.json.
library PatientMessages {
    bytes32 private constant OPEN_PATIENT = keccak256(
        "OpenPatient(bytes32 networkId,uint256 chainId,address authority,bytes32 idNonce,bytes32 inboxKeyHash)"
    );
    bytes32 private constant SET_RELATIONS = keccak256(
        "SetRelations(bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,bytes32 relationsDigest)"
    );
    bytes32 private constant SCOPE_EPOCH = keccak256(
        "ScopeEpoch(bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,bytes32 handle,uint32 epoch,bytes32 commitment)"
    );

    function openPatient(
        bytes32 networkId,
        address authority,
        bytes32 idNonce,
        bytes32 inboxKeyHash
    ) internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(OPEN_PATIENT, networkId, block.chainid, authority, idNonce, inboxKeyHash)
            );
    }

    function setRelations(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq,
        bytes32 relationsDigest
    ) internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(SET_RELATIONS, networkId, block.chainid, patientId, seq, relationsDigest)
            );
    }

    function scopeEpoch(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq,
        bytes32 handle,
        uint32 epoch,
        bytes32 commitment
    ) internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    SCOPE_EPOCH,
                    networkId,
                    block.chainid,
                    patientId,
                    seq,
                    handle,
                    epoch,
                    commitment
                )
            );
    }
}
