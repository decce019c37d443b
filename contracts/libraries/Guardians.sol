// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {INetworkDomain} from "../interfaces/INetworkDomain.sol";
import {IPatientAuthority} from "../interfaces/IPatientAuthority.sol";
import {SignerCheck} from "./SignerCheck.sol";

// One guardian's word: her account, its place under the patient's guardians root, and her signature.
struct Approval {
    address account;
    bytes32 salt;
    bytes32[] proof;
    bytes signature;
}

// Whether as many of a patient's guardians as she asks for have signed the same digest.
library Guardians {
    uint8 internal constant FEWEST = 2;
    uint8 internal constant MOST = 16;

    // Bounds on what somebody else's item may cost a batch.
    uint256 private constant DEEPEST = 8;
    uint256 private constant LONGEST_SIGNATURE = 4096;

    function requireApproved(
        bytes32 patientId,
        address authority,
        bytes32 root,
        uint8 threshold,
        bytes32 digest,
        Approval[] calldata approvals
    ) internal view {
        if (approvals.length != threshold)
            revert IPatientAuthority.WrongApprovalCount(approvals.length, threshold);
        address last = address(0);
        for (uint256 i = 0; i < approvals.length; ++i) {
            Approval calldata approval = approvals[i];
            address account = approval.account;
            if (account <= last) revert IPatientAuthority.ApprovalsNotAscending(account);
            last = account;
            // Who has stolen her account would else count as one guardian.
            if (account == authority || !_isGuardian(patientId, root, approval))
                revert IPatientAuthority.NotAGuardian(account);
            if (
                approval.signature.length > LONGEST_SIGNATURE ||
                !SignerCheck.isValid(account, digest, approval.signature)
            ) revert INetworkDomain.BadSignature(account, digest);
        }
    }

    // Three words: no inner node of the tree, of two, can be taken for a leaf.
    function leafOf(
        bytes32 patientId,
        address account,
        bytes32 salt
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(patientId, account, salt));
    }

    function _isGuardian(
        bytes32 patientId,
        bytes32 root,
        Approval calldata approval
    ) private pure returns (bool) {
        bytes32 leaf = leafOf(patientId, approval.account, approval.salt);
        return
            approval.proof.length <= DEEPEST &&
            MerkleProof.verifyCalldata(approval.proof, root, leaf);
    }
}
