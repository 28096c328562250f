# SPDX-License-Identifier: Apache-2.0
"""Published Ed25519 vectors, in hexadecimal: RFC 8032, ePrint 2020/1244, and a selection of Wycheproof and CCTV."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CCTV", "RFC_8032", "SPECCHECK", "WYCHEPROOF", "Flagged", "Signed", "Verified"]


class Signed(NamedTuple):
    """Key pair, message and signature."""

    seed: str
    public_key: str
    message: str
    signature: str


class Verified(NamedTuple):
    """What is to be verified."""

    message: str
    public_key: str
    signature: str


class Flagged(NamedTuple):
    """What is to be verified, with what is said of it."""

    message: str
    public_key: str
    signature: str
    flags: tuple[str, ...]


# RFC 8032 section 7.1; the names of the tests are theirs.
RFC_8032 = {
    "test-1": Signed(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "test-2": Signed(
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "test-3": Signed(
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "test-1024": Signed(
        "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
        "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
        "08b8b2b733424243760fe426a4b54908632110a66c2f6591eabd3345e3e4eb98fa6e264bf09efe12ee50f8f54e9f77b1e355"
        "f6c50544e23fb1433ddf73be84d879de7c0046dc4996d9e773f4bc9efe5738829adb26c81b37c93a1b270b20329d658675fc"
        "6ea534e0810a4432826bf58c941efb65d57a338bbd2e26640f89ffbc1a858efcb8550ee3a5e1998bd177e93a7363c344fe6b"
        "199ee5d02e82d522c4feba15452f80288a821a579116ec6dad2b3b310da903401aa62100ab5d1a36553e06203b33890cc9b8"
        "32f79ef80560ccb9a39ce767967ed628c6ad573cb116dbefefd75499da96bd68a8a97b928a8bbc103b6621fcde2beca1231d"
        "206be6cd9ec7aff6f6c94fcd7204ed3455c68c83f4a41da4af2b74ef5c53f1d8ac70bdcb7ed185ce81bd84359d44254d9562"
        "9e9855a94a7c1958d1f8ada5d0532ed8a5aa3fb2d17ba70eb6248e594e1a2297acbbb39d502f1a8c6eb6f1ce22b3de1a1f40"
        "cc24554119a831a9aad6079cad88425de6bde1a9187ebb6092cf67bf2b13fd65f27088d78b7e883c8759d2c4f5c65adb7553"
        "878ad575f9fad878e80a0c9ba63bcbcc2732e69485bbc9c90bfbd62481d9089beccf80cfe2df16a2cf65bd92dd597b0707e0"
        "917af48bbb75fed413d238f5555a7a569d80c3414a8d0859dc65a46128bab27af87a71314f318c782b23ebfe808b82b0ce26"
        "401d2e22f04d83d1255dc51addd3b75a2b1ae0784504df543af8969be3ea7082ff7fc9888c144da2af58429ec96031dbcad3"
        "dad9af0dcbaaaf268cb8fcffead94f3c7ca495e056a9b47acdb751fb73e666c6c655ade8297297d07ad1ba5e43f1bca32301"
        "651339e22904cc8c42f58c30c04aafdb038dda0847dd988dcda6f3bfd15c4b4c4525004aa06eeff8ca61783aacec57fb3d1f"
        "92b0fe2fd1a85f6724517b65e614ad6808d6f6ee34dff7310fdc82aebfd904b01e1dc54b2927094b2db68d6f903b68401ade"
        "bf5a7e08d78ff4ef5d63653a65040cf9bfd4aca7984a74d37145986780fc0b16ac451649de6188a7dbdf191f64b5fc5e2ab4"
        "7b57f7f7276cd419c17a3ca8e1b939ae49e488acba6b965610b5480109c8b17b80e1b7b750dfc7598d5d5011fd2dcc5600a3"
        "2ef5b52a1ecc820e308aa342721aac0943bf6686b64b2579376504ccc493d97e6aed3fb0f9cd71a43dd497f01f17c0e2cb37"
        "97aa2a2f256656168e6c496afc5fb93246f6b1116398a346f1a641f3b041e989f7914f90cc2c7fff357876e506b50d334ba7"
        "7c225bc307ba537152f3f1610e4eafe595f6d9d90d11faa933a15ef1369546868a7f3a45a96768d40fd9d03412c091c6315c"
        "f4fde7cb68606937380db2eaaa707b4c4185c32eddcdd306705e4dc1ffc872eeee475a64dfac86aba41c0618983f8741c5ef"
        "68d3a101e8a3b8cac60c905c15fc910840b94c00a0b9d0",
        "0aab4c900501b3e24d7cdf4663326a3a87df5e4843b2cbdb67cbf6e460fec350"
        "aa5371b1508f9f4528ecea23c436d94b5e8fcd4f681e30a6ac00a9704a188a03",
    ),
    "test-sha-abc": Signed(
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d"
        "4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}

# Chalkias, Garillot, Nikolaenko: "Taming the many EdDSAs", table 5, in their order.
SPECCHECK = (
    Verified(
        "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
        "0000000000000000000000000000000000000000000000000000000000000000",
    ),
    Verified(
        "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43"
        "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    ),
    Verified(
        "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
        "8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
    ),
    Verified(
        "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
        "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
        "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f"
        "87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
    ),
    Verified(
        "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
        "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
        "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512"
        "5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
    ),
    Verified(
        "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
        "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
        "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7"
        "e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
    ),
    Verified(
        "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
        "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
        "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e"
        "547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
    ),
    Verified(
        "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
        "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
        "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942"
        "7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
    ),
    Verified(
        "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f",
    ),
    Verified(
        "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "ca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908",
    ),
    Verified(
        "e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
        "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    ),
    Verified(
        "39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
        "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    ),
)

# C2SP/wycheproof, testvectors_v1/ed25519_test.json, by tcId.
WYCHEPROOF = {
    38: Verified(
        "546573743137",
        "7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa",
        "93de3ca252426c95f735cb9edd92e83321ac62372d5aa5b379786bae111ab6b1"
        "7251330e8f9a7c30d6993137c596007d7b001409287535ac4804e662bc58a3",
    ),
    40: Verified(
        "546573743530",
        "7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa",
        "6e170c719577c25e0e1e8b8aa7a6346f8b109f37385cc2e85dc3b4c0f46a9c6b"
        "cafd67f52324c5dbaf40a1b673fb29c4a56052d2d6999d0838a8337bccb502",
    ),
    84: Verified(
        "124e583f8b8eca58bb29c271b41d36986bbc45541f8e51f9cb0133eca447601e",
        "100fdf47fb94f1536a4f7c3fda27383fa03375a8f527c537e6f1703c47f94f86",
        "dac119d6ca87fc59ae611c157048f4d4fc932a149dbe20ec6effd1436abf83ea"
        "05c7df0fef06147241259113909bc71bd3c53ba4464ffcad3c0968f2ffffff0f",
    ),
    85: Verified(
        "6a0bc2b0057cedfc0fa2e3f7f7d39279b30f454a69dfd1117c758d86b19d85e0",
        "100fdf47fb94f1536a4f7c3fda27383fa03375a8f527c537e6f1703c47f94f86",
        "0971f86d2c9c78582524a103cb9cf949522ae528f8054dc20107d999be673ff4"
        "e25ebf2f2928766b1248bec6e91697775f8446639ede46ad4df4053000000010",
    ),
    86: Verified(
        "b0729a713593a92e46b56eaa66b9e435f7a09a8e7de03b078f6f282285276635f301e7aaafe42187c45d6f5b13f9f16b1119"
        "5cc125c05b90d24dfe4c",
        "8fd659b77b558ed93882c1157438450ac86ec62d421d568e98ee236f3810295a",
        "7db17557ac470c0eda4eedaabce99197ab62565653cf911f632ee8be0e5ffcfc"
        "88fb94276b42e0798fd3aa2f0318be7fc6a29fae75f70c3dcdc414a0ad866601",
    ),
    91: Verified(
        "0f325ffd87e58131ffa23c05ea4579513b287fdba87b44",
        "c29ec1894e06d27b4e40486b4fa5063d66a746c7f9c323b12203c03b72b8b78a",
        "6669acf94667c5b541afe5307bde9476b13ae7e0e6058a772101ac8eb0a94331"
        "428eb4db0a2c68a9b6c1763b8624dab259b0876cdcfaeacc17b21a18e3fc010a",
    ),
    98: Verified(
        "e1cbf2d86827825613fb7a85811d",
        "529919c9c780985a841c42ba6c180ff2d67a276ccfbe281080e47ab71a758f56",
        "01abfa4d6bbc726b196928ec84fd03f0c953a4fa2b228249562ff1442a4f63a7"
        "150b064f3712b51c2af768d2c2711a71aabf8d186833e941a0301b82f0502905",
    ),
    114: Verified(
        "01234567",
        "037b55b427dc8daa0f80fcebaf0846902309f8a6cf18b465c0ce9b6539629ac8",
        "c964e100033ce8888b23466677da4f4aea29923f642ae508f9d0888d78815063"
        "6ab9b2c3765e91bbb05153801114d9e52dc700df377212222bb766be4b8c020d",
    ),
    116: Verified(
        "7af783afbbd44c1833ab7237ecaf63b94ffdd003",
        "ed3a6f9721dc9729c1f76635bcf080d7036e1c2f0228654ccbbe1e738c17b963",
        "7ca69331eec8610d38f00e2cdbd46966cb359dcde98a257ac6f362cc00c8f4fe"
        "85c02285fe4d66e31a44cadb2bf474e1a7957609eb4fe95a71473fe6699aa70d",
    ),
    118: Verified(
        "c48890e92aeeb3af04858a8dc1d34f16a4347b91",
        "4f2162e6bf03a712db0efa418b7e7006e23871d9d7ec555a313885c4afd96385",
        "367d07253a9d5a77d054b9c1a82d3c0a448a51905343320b3559325ef4183960"
        "8aa45564978da1b2968c556cfb23b0c98a9be83e594d5e769d69d1156e1b1506",
    ),
    122: Verified(
        "2a71f064af982a3a1103a75cef898732d7881981",
        "db5b9eab7e84e5a13505865fa711c9c896c898609fc11fc9bc1e55028f9496df",
        "2217a0be57dd0d6c0090641496bcb65e37213f02a0df50aff0368ee2808e1376"
        "504f37b37494132dfc4d4887f58b9e86eff924040db3925ee4f8e1428c4c500e",
    ),
    125: Verified(
        "ae03da6997e40cea67935020152d3a9a365cc055",
        "38ead304624abebf3e2b31e20e5629531e3fc659008887c9106f5e55adbbc62a",
        "068eafdc2f36b97f9bae7fbda88b530d16b0e35054d3a351e3a4c914b22854c7"
        "11505e49682e1a447e10a69e3b04d0759c859897b64f71137acf355b63faf100",
    ),
    130: Verified(
        "e1ce107971534bc46a42ac609a1a37b4ca65791d",
        "127d37e406e0d83e4b55a09e21e8f50fb88af47e4a43f018cdebffc1948757f0",
        "00c11e76b5866b7c37528b0670188c1a0473fb93c33b72ae604a8865a7d6e094"
        "ff722e8ede3cb18389685ff3c4086c29006047466f81e71a329711e0b9294709",
    ),
}

# C2SP/CCTV, ed25519/ed25519vectors.json, by number; the flags are those of its README.
CCTV = {
    7: Flagged(
        "65643235353139766563746f7273",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "36684ea91032ba5b1dbab2d02f4debc74c3327f2b3802e2e4d371aa42b12b56b"
        "bbfd00bd9c259d8d222d15e67a3d8228585050dbb9b9585be20d8fadc721da03",
        ("low_order_component_R", "low_order_component_A"),
    ),
    6: Flagged(
        "65643235353139766563746f7273203130",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "36684ea91032ba5b1dbab2d02f4debc74c3327f2b3802e2e4d371aa42b12b56b"
        "c02e2b9e63e385c058bf62b14b3a2b29ccefe8e38ddb536bc3f9865320a3d801",
        ("low_order_component_R", "low_order_component_A", "low_order_residue"),
    ),
    12: Flagged(
        "65643235353139766563746f72732037",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "36684ea91032ba5b1dbab2d02f4debc74c3327f2b3802e2e4d371aa42b12b56b"
        "05ba9a796274d80437afa36f1236563f2f3b0aa84cecddc3d20914615ba4fe02",
        (
            "low_order_A",
            "low_order_component_R",
            "low_order_component_A",
            "low_order_residue",
            "non_canonical_A",
            "reencoded_k",
        ),
    ),
    19: Flagged(
        "65643235353139766563746f72732033",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
        "9472a69cd9a701a50d130ed52189e2455b23767db52cacb8716fb896ffeeac09",
        ("low_order_R", "low_order_component_R", "low_order_component_A", "non_canonical_R", "reencoded_k"),
    ),
    35: Flagged(
        "65643235353139766563746f72732039",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "b797b156efcd45a4e2454d2fd0b21438b3ccd80d4c7fd1d1b2c8e55bd4ed4a94"
        "05ba9a796274d80437afa36f1236563f2f3b0aa84cecddc3d20914615ba4fe02",
        ("low_order_A", "low_order_component_R", "low_order_component_A", "non_canonical_A", "reencoded_k"),
    ),
    50: Flagged(
        "65643235353139766563746f72732035",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "b62cf890de42c413b11b1411c9f01f1c4d77aa87ef182258d1251f69af2a3506"
        "08f32d206a7c0b7efa9a59e66546e8f1f599ef843fb502c9cc3c4ae8b7c11e05",
        ("low_order_component_A",),
    ),
    51: Flagged(
        "65643235353139766563746f72732033",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "b62cf890de42c413b11b1411c9f01f1c4d77aa87ef182258d1251f69af2a3506"
        "030b03796b78f7afeadfccaedc9d09ce6d487d1ece1f16b1ae2b59b7e5c40603",
        ("low_order_component_A", "low_order_residue"),
    ),
    74: Flagged(
        "65643235353139766563746f7273203133",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "edfd6f478b59eab2545cf8f3d48c6574d2b4e8abd948148da5c62479113b8d0f",
        ("low_order_R", "low_order_component_A", "non_canonical_R", "reencoded_k"),
    ),
    188: Flagged(
        "65643235353139766563746f7273203135",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "b62cf890de42c413b11b1411c9f01f1c4d77aa87ef182258d1251f69af2a3506"
        "05ba9a796274d80437afa36f1236563f2f3b0aa84cecddc3d20914615ba4fe02",
        ("low_order_A", "low_order_component_A", "non_canonical_A", "reencoded_k"),
    ),
    270: Flagged(
        "65643235353139766563746f72732035",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "36684ea91032ba5b1dbab2d02f4debc74c3327f2b3802e2e4d371aa42b12b56b"
        "05ba9a796274d80437afa36f1236563f2f3b0aa84cecddc3d20914615ba4fe02",
        ("low_order_A", "low_order_component_R", "low_order_residue", "non_canonical_A", "reencoded_k"),
    ),
    279: Flagged(
        "65643235353139766563746f7273",
        "ef75b20e7540e3dff77404193652ba2bd13df99c1508eee1515e27ae25f28076",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
        "ef1195f0610612912016b3ee33054829bcea20ae4de1e9343b1c4e2e15649003",
        ("low_order_R", "low_order_component_R", "low_order_residue", "non_canonical_R", "reencoded_k"),
    ),
    280: Flagged(
        "65643235353139766563746f72732032",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
        "0000000000000000000000000000000000000000000000000000000000000000",
        (
            "low_order_R",
            "low_order_A",
            "low_order_component_R",
            "low_order_residue",
            "non_canonical_A",
            "non_canonical_R",
        ),
    ),
    305: Flagged(
        "65643235353139766563746f72732035",
        "ef75b20e7540e3dff77404193652ba2bd13df99c1508eee1515e27ae25f28076",
        "b62cf890de42c413b11b1411c9f01f1c4d77aa87ef182258d1251f69af2a3506"
        "40657f1cb030f12543549bbabd848dc6403d354e7c99c4d0dcee9f63c9033b00",
        (),
    ),
    902: Flagged(
        "65643235353139766563746f7273",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "37d3076f21bd3bec4ee4ebee360fe0e3b288557810e7dda72edae09650d5caf9"
        "05ba9a796274d80437afa36f1236563f2f3b0aa84cecddc3d20914615ba4fe02",
        (
            "low_order_A",
            "low_order_component_R",
            "low_order_component_A",
            "low_order_residue",
            "non_canonical_A",
        ),
    ),
}
