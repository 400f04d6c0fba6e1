"""Builds the package from settings.ini, which nbdev reads too. Needs setuptools alone."""
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
parser = ConfigParser(delimiters=['='])
parser.read(ROOT/'settings.ini', encoding='utf-8')
settings = parser['DEFAULT']

# `dev_requirements` is the extra `dev`, `text_requirements` the extra `text`, and so on.
# `distributed` is empty on purpose: torch brings torch.distributed and torchrun along.
SUFFIX = '_requirements'
extras = {key.removesuffix(SUFFIX): settings[key].split() for key in settings if key.endswith(SUFFIX)}
readme = ROOT/'README.md'

setup(
    name=settings['lib_name'],
    version=settings['version'],
    description=settings['description'],
    long_description=readme.read_text(encoding='utf-8') if readme.exists() else '',
    long_description_content_type='text/markdown',
    keywords=settings['keywords'].split(),
    author=settings['author'],
    author_email=settings['author_email'],
    url=settings['git_url'],
    license_expression='Apache-2.0',
    classifiers=[
        'Development Status :: 3 - Alpha',
        f'Intended Audience :: {settings["audience"]}',
        f'Natural Language :: {settings["language"]}',
        'Programming Language :: Python :: 3',
    ],
    packages=find_packages(include=['fastlite', 'fastlite.*']),
    package_data={'': ['*.safetensors', '*.json']},
    include_package_data=False,
    python_requires=f'>={settings["min_python"]}',
    install_requires=settings['requirements'].split(),
    extras_require=extras,
    entry_points={'nbdev': [f'{settings["lib_name"]}={settings["lib_path"]}._modidx:d'],
                  'console_scripts': ['fastlite = fastlite.cli:main']},
    zip_safe=False,
)
