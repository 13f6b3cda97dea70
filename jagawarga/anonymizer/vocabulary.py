"""Words that need care: names that are everyday words, words that end a name or an address."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ORDINARY: Final = _words("""
    hari indah bagus cahaya bulan bunga mega putra putri anak tri dwi eka jaya mulia sehat aman damai makmur sejati
    setia cinta kasih permata intan mutiara melati mawar dahlia cempaka kenanga anggrek pertiwi bakti karya utama
    agung besar mas emas raya baru lestari subur rezeki rejeki rahmat fajar angin laut gunung guntur bintang langit
    embun hujan pelangi merah putih senja pagi malam jalan warga abdi negara bangsa merdeka sakti sentosa selamat
    slamet untung islam iman akbar muda dewa ratu raja pahlawan satria bumi kota desa kampung pasar sari asri pemuda
    veteran timur barat utara selatan tengah dalam pusat atas bawah lama air sungai kali pohon taman lampu sampah
    sekolah masjid gereja kantor stasiun mohon tolong pak bapak ibu saya kami the and will may grace joy rose hope
    mark
    """)
"""Cut from a text only where they stand as a name or a street: "[nama] ini" for "hari ini" would tell the name."""

GENERIC: Final = _words("""
    jalan jl jln gang gg no nomor nmr rt rw blok kelurahan kel desa ds dusun dsn kampung kp komplek kompleks
    perumahan perum rumah apartemen lantai lt unit tower cluster kav kavling kost kos kontrakan rusun rusunawa
    street road
    """)
"""What every address has."""

STREETWISE: Final = _words("""
    raya baru lama dalam indah utara selatan timur barat tengah besar kecil asri permai jaya atas bawah kulon wetan
    lor kidul
    """)
"""Second words of so many streets that they alone are none."""

PROVIDERS: Final = _words("""
    gmail googlemail yahoo ymail outlook hotmail live icloud proton protonmail mail email surel rocketmail example
    """)
MAILBOXES: Final = _words("admin info email mail surel kontak contact warga saya user test lapor laporan office kantor")

TITLES: Final = _words("pak bapak bu ibu sdr sdri saudara saudari mbak nama bernama kak kang teh bang name mr mrs ms")

NO_NAME: Final = _words("""
    dan dari yang di ke ini itu ingin mau warga nik no nomor telepon telp hp wa tinggal alamat melapor melaporkan
    lapor mohon minta tolong sebagai adalah sudah telah akan tidak bukan dengan untuk karena pada ada saya kami
    pelapor jalan jl rumah sangat berharap kira terima kasih bekerja punya sering pernah melihat mengadu ktp umur
    usia sebuah and from the who live lives of at in on with my phone email surel mengalami merasa kecewa kepada
    atas bahwa atau selaku ketua pengurus rt rw lurah camat kepala mempunyai memiliki janda duda baru lagi juga
    kalau jika bila sejak selama selalu seorang hanya cuma belum masih lalu kemudian setiap tiap sekarang kemarin
    tadi hari besok menunggu nunggu mendapat mendapatkan sedang tahu tau coba cek bayar beli kena dapat bisa harus
    heran bingung resah takut sedih harap percaya mengajukan menyampaikan memohon menanyakan bertanya tanya meminta
    bersama sekeluarga sendiri penduduk masyarakat pemilik penghuni pengguna pedagang karyawan mahasiswa guru siswa
    wali orang tua lansia penyandang pkl mbr umkm asn pns surabaya bandung jakarta indonesia pemkot pemda pemerintah
    walikota wali bupati gubernur dinas admin tim petugas semua seluruh agar supaya oleh tersebut apakah kenapa
    bagaimana mengapa siapa uda udah sdh tdk sy aku anda tetangga lampu air sampah banjir pohon hari am is are was
    want would have live living work very so not really a an here writing reporting resident citizen
    """)
"""No word of a name begins here."""

ADDRESS_ENDS: Final = _words("""
    dan karena karna yang yg sudah sdh ada mohon sejak sehingga tetapi tapi lalu kemudian ingin mau melaporkan lapor
    dengan dgn selama setiap tiap jadi saja aja tidak tdk gak belum masih banjir rusak padam mati mampet bocor
    sampah lampu tolong kena kami saya selalu sering terjadi apakah kenapa bagaimana pada oleh untuk agar supaya
    telah akan dari tahun bulan minggu hari jam pukul tanggal sekarang kemarin tadi terima menunggu minta meminta
    penuh kalau jika bila dimana tempat because where which since is was has and there for with
    """)
"""An address does not go on behind these."""
