// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// One patient that a SetAuthority is for.
struct PatientRow {
    bytes32 networkId;
    bytes32 patientId;
}

// Struct hashes of what a patient and her guardians sign about her account. Vectors: vectors/typedDataDigests.json.
library AuthorityMessages {
    bytes32 private constant PATIENT_ROW = keccak256(
        "PatientRow(bytes32 networkId,bytes32 patientId)"
    );
    bytes32 private constant SET_AUTHORITY = keccak256(
        "SetAuthority(address account,address authority,uint256 nonce,PatientRow[] rows)PatientRow(bytes32 networkId,bytes32 patientId)"
    );
    bytes32 private constant SET_GUARDIANS = keccak256(
        "SetGuardians(bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,bytes32 guardiansRoot,uint8 threshold,uint32 delay)"
    );
    bytes32 private constant RECOVER_AUTHORITY = keccak256(
        "RecoverAuthority(bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,address authority)"
    );
    bytes32 private constant VETO_RECOVERY = keccak256(
        "VetoRecovery(bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq)"
    );
    bytes32 private constant FREEZE_AUTHORITY = keccak256(
        "FreezeAuthority(bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,uint32 duration)"
    );
    bytes32 private constant SET_INBOX_KEY = keccak256(
        "SetInboxKey(bytes32 networkId,uint256 chainId,bytes32 patientId,uint64 seq,bytes32 kemKeyHash)"
    );

    // No chain and no network of its own: the rows say where it applies.
    function setAuthority(
        address account,
        address authority,
        uint256 nonce,
        PatientRow[] calldata rows
    ) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](rows.length);
        for (uint256 i = 0; i < rows.length; ++i) {
            hashes[i] = keccak256(abi.encode(PATIENT_ROW, rows[i].networkId, rows[i].patientId));
        }
        bytes32 listHash = keccak256(abi.encodePacked(hashes));
        return keccak256(abi.encode(SET_AUTHORITY, account, authority, nonce, listHash));
    }

    function setGuardians(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq,
        bytes32 guardiansRoot,
        uint8 threshold,
        uint32 delay
    ) internal view returns (bytes32) {
        bytes32 typeHash = SET_GUARDIANS;
        uint256 chain = block.chainid;
        return
            keccak256(
                abi.encode(
                    typeHash,
                    networkId,
                    chain,
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
    ) internal view returns (bytes32) {
        return _hash(RECOVER_AUTHORITY, networkId, patientId, seq, uint160(authority));
    }

    function vetoRecovery(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq
    ) internal view returns (bytes32) {
        return keccak256(abi.encode(VETO_RECOVERY, networkId, block.chainid, patientId, seq));
    }

    function freezeAuthority(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq,
        uint32 duration
    ) internal view returns (bytes32) {
        return _hash(FREEZE_AUTHORITY, networkId, patientId, seq, duration);
    }

    function setInboxKey(
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq,
        bytes32 kemKeyHash
    ) internal view returns (bytes32) {
        return _hash(SET_INBOX_KEY, networkId, patientId, seq, uint256(kemKeyHash));
    }

    // With one field of its own: each takes one word.
    function _hash(
        bytes32 typeHash,
        bytes32 networkId,
        bytes32 patientId,
        uint64 seq,
        uint256 field
    ) private view returns (bytes32) {
        return keccak256(abi.encode(typeHash, networkId, block.chainid, patientId, seq, field));
    }
}
