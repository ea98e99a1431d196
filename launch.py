"""python launch.py arch=pim layer=KTQ -- see python launch.py --help."""

from launcher.app import main

if __name__ == "__main__":
    main()
